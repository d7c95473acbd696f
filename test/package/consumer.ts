import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const fixtures = fileURLToPath(new URL('./fixtures', import.meta.url));
const MINUTE = 60_000;

/** The environment of a user's shell: without what npm and vitest tell those whom they run. */
function environment(): NodeJS.ProcessEnv {
  const ours =
    /^(npm_(package|lifecycle|command|execpath|config_local_prefix)|VITEST|NODE_ENV|NODE_OPTIONS|TEST$)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)));
}

/** Runs a program to its end and answers what it printed; throws with all of it when it fails or takes too long. */
function run(cwd: string, timeout: number, command: string, ...args: string[]): Promise<string> {
  const options = {
    cwd,
    timeout,
    env: environment(),
    maxBuffer: 64 * 1024 * 1024,
    killSignal: 'SIGKILL' as const,
  };
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else {
        const why = error.killed ? `took more than ${timeout / 1000} s` : `failed (${error.code})`;
        reject(new Error(`${[command, ...args].join(' ')} ${why}\n${stdout}\n${stderr}`, { cause: error }));
      }
    });
    child.stdin?.end();
  });
}

/** Why packages cannot be installed here, or undefined when they can. */
export async function whyNoRegistry(): Promise<string | undefined> {
  try {
    await run(
      tmpdir(),
      MINUTE,
      'npm',
      'view',
      'reflect-metadata',
      'version',
      '--prefer-online',
      '--fetch-retries=1',
    );
    return undefined;
  } catch (error) {
    return /npm error (code .*)/.exec(String(error))?.[1] ?? String(error);
  }
}

export interface Tarball {
  readonly path: string;
  readonly files: readonly string[];
}

/** Packs what `npm publish` would send, from the dist that is there. */
export async function pack(directory: string): Promise<Tarball> {
  const printed = await run(
    root,
    MINUTE,
    'npm',
    'pack',
    '--ignore-scripts',
    '--json',
    '--pack-destination',
    directory,
  );
  const [packed] = JSON.parse(printed) as { filename: string; files: { path: string }[] }[];
  if (packed === undefined) throw new Error(`npm pack packed nothing: ${printed}`);
  return { path: join(directory, packed.filename), files: packed.files.map(({ path }) => path) };
}

export function temporaryDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'nest-sessions-package-'));
}

/** The compilers that users have. `own` is this repository's, `theirs` the one installed in the consumer. */
export type Compiler = 'own' | 'theirs';

/** Somebody's project that has nothing but what it installed. */
export class Consumer {
  private constructor(readonly directory: string) {}

  static async create(type: 'module' | 'commonjs', packages: readonly string[]): Promise<Consumer> {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, 'package.json'), JSON.stringify({ private: true, type }));
    await run(
      directory,
      5 * MINUTE,
      'npm',
      'install',
      '--no-audit',
      '--no-fund',
      '--prefer-offline',
      ...packages,
    );
    return new Consumer(directory);
  }

  /** Brings files of the fixtures into a folder of the project; the TypeScript ones under the given ending. */
  async add(files: readonly string[], folder = '.', ending = '.ts'): Promise<void> {
    for (const file of files) {
      await cp(join(fixtures, file), join(this.directory, folder, basename(file).replace(/\.ts$/, ending)));
    }
  }

  /** Compiles a folder and answers what the compiler printed; the options are the user's tsconfig.json on top of what a Nest project has. */
  async compile(folder: string, compiler: Compiler, options: object): Promise<string> {
    const compilerOptions = {
      target: 'ES2022',
      strict: true,
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      esModuleInterop: true,
      types: ['node'],
      rootDir: '.',
      ...options,
    };
    await writeFile(join(this.directory, folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
    const from = compiler === 'own' ? import.meta.url : join(this.directory, 'package.json');
    return this.node(createRequire(from).resolve('typescript/bin/tsc'), '-p', folder);
  }

  node(...args: string[]): Promise<string> {
    return run(this.directory, 2 * MINUTE, process.execPath, ...args);
  }

  npx(...args: string[]): Promise<string> {
    return run(this.directory, 3 * MINUTE, 'npx', '--no-install', ...args);
  }

  remove(): Promise<void> {
    return rm(this.directory, { recursive: true, force: true });
  }
}
