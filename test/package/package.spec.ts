import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Compiler,
  Consumer,
  pack,
  type Tarball,
  temporaryDirectory,
  whyNoRegistry,
} from './consumer.js';

// What users get: the packed tarball in an empty folder, beside the Nest they have. `npm test` has built it before.

const MINUTES = 60_000;
const noRegistry = await whyNoRegistry();
if (noRegistry !== undefined) {
  const message = `test/package needs an npm registry to install Nest from, and there is none (${noRegistry})`;
  if (process.env['CI'] === 'true') throw new Error(message);
  console.warn(`skipped: ${message}`);
}

let directory: string;
let tarball: Tarball;

beforeAll(async () => {
  directory = await temporaryDirectory();
  tarball = await pack(directory);
});

afterAll(() => rm(directory, { recursive: true, force: true }));

it('packs what is built and what explains it, nothing else', () => {
  expect(tarball.files).toEqual(
    expect.arrayContaining([
      'LICENSE',
      'README.md',
      'CHANGELOG.md',
      'package.json',
      'dist/esm/index.js',
      'dist/esm/index.d.ts',
      'dist/cjs/index.js',
      'dist/cjs/index.d.ts',
      'dist/cjs/package.json',
    ]),
  );
  const others = tarball.files.filter(
    (path) => !/^(dist\/(esm|cjs)\/|[A-Z]+(\.md)?$|package\.json$)/.test(path),
  );
  expect(others).toEqual([]);
  expect(tarball.files.filter((path) => /\.spec\.|\.tsbuildinfo$/.test(path))).toEqual([]);
});

interface Setting {
  readonly name: string;
  readonly ending?: string;
  readonly options: object;
}

/** Compiles code that uses the fields' types, which the application has added to one of the two interfaces. */
function describeTypes(
  project: () => Consumer,
  compiler: Compiler,
  entries: string[],
  settings: Setting[],
): void {
  const augmentations = ['nest-sessions', 'express-session'];
  const cases = settings.flatMap((setting) => augmentations.map((augmented) => ({ ...setting, augmented })));

  it.each(cases)(
    'has its types under $name when $augmented is augmented',
    { timeout: 2 * MINUTES },
    async ({ name, ending, options, augmented }) => {
      const folder = `types/${name}/${augmented}`;
      const files = ['usage', ...entries, `augments-${augmented}`].map((file) => `types/${file}.ts`);
      await project().add(files, folder, ending);
      expect(await project().compile(folder, compiler, { ...options, noEmit: true })).toBe('');
    },
  );
}

const nest = (version: string, ...names: string[]) => names.map((name) => `@nestjs/${name}@${version}`);

describe.skipIf(noRegistry !== undefined)('with Nest 12, as ESM', () => {
  let project: Consumer;

  beforeAll(async () => {
    const framework = nest('12', 'common', 'core', 'platform-express');
    const packages = [tarball.path, ...framework, 'reflect-metadata', 'rxjs', 'lmdb'];
    project = await Consumer.create('module', packages);
  }, 6 * MINUTES);

  afterAll(() => project?.remove());

  it('logs in and out, on the memory store and on lmdb', { timeout: 3 * MINUTES }, async () => {
    await project.add(['app/account.ts', 'app/visit.ts', 'nest-12/main.ts'], 'app');
    await project.compile('app', 'own', { module: 'nodenext' });
    const printed = await project.node('app/main.js');
    expect(printed).toContain('with MemorySessionStore');
    expect(printed).toContain('with LmdbSessionStore');
  });

  it('gives the same classes to import and require', { timeout: MINUTES }, async () => {
    await project.add(['nest-12/same-classes.cjs']);
    expect(await project.node('same-classes.cjs')).toContain('nest-sessions/testing:');
  });

  describeTypes(
    () => project,
    'own',
    ['lmdb-entry', 'stores-entries', 'testing-entry'],
    [
      { name: 'nodenext-esm', ending: '.mts', options: { module: 'nodenext' } },
      { name: 'nodenext-cjs', ending: '.cts', options: { module: 'nodenext' } },
      { name: 'bundler', options: { module: 'preserve', moduleResolution: 'bundler' } },
    ],
  );
});

// The first version of our peer range, and the latest.
describe.skipIf(noRegistry !== undefined).each(['11.1.4', '11'])('with Nest %s, as CommonJS', (version) => {
  let project: Consumer;

  beforeAll(async () => {
    const framework = nest(version, 'common', 'core', 'platform-express', 'testing');
    const packages = [tarball.path, ...framework, 'reflect-metadata', 'rxjs', 'jest@30', 'typescript@5'];
    project = await Consumer.create('commonjs', packages);
  }, 6 * MINUTES);

  afterAll(() => project?.remove());

  it('passes its tests in plain Jest', { timeout: 4 * MINUTES }, async () => {
    await project.add(['app/account.ts', 'app/visit.ts', 'nest-11/account.test.js'], 'app');
    await project.compile('app', 'theirs', { module: 'nodenext' });
    const result: unknown = JSON.parse(await project.npx('jest', '--ci', '--json'));
    expect(result).toMatchObject({ success: true, numPassedTests: 2, numTotalTests: 2 });
  });

  // What older projects have: they do not know the condition `module-sync` and read the declarations of dist/cjs; node10
  // does not know `exports` either and finds the other entries by `typesVersions`.
  if (version !== '11') return;
  describeTypes(
    () => project,
    'theirs',
    ['stores-entries', 'testing-entry'],
    [
      { name: 'node16', options: { module: 'node16' } },
      { name: 'node10', options: { module: 'commonjs', moduleResolution: 'node10' } },
    ],
  );
});
