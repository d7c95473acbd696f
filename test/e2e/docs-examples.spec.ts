import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

// A block of TypeScript that imports something stands for itself: who copies it has to get something that compiles. One
// that imports nothing is a fragment, and is not looked at. A first line such as `// src/app.module.ts` names the file,
// for the other blocks of the same guide.

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What the guides use and this repository does not install. */
const NOT_INSTALLED = `declare module '@nestjs/config' {
  export class ConfigService {
    getOrThrow(name: string): string;
  }
}`;

/** As a new Nest project is set up; the package is its source here. */
const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  strict: true,
  skipLibCheck: true,
  noEmit: true,
  types: ['node'],
  paths: sourcePaths(),
};

/** Where the package's entries are in the source. */
function sourcePaths(): Record<string, string[]> {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile) as {
    config: { compilerOptions: { paths: Record<string, string[]> } };
  };
  const { paths } = config.compilerOptions;
  return Object.fromEntries(
    Object.entries(paths).map(([name, files]) => [name, files.map((file) => join(ROOT, file))]),
  );
}

/** The examples of a guide by the file each would be in, which is not there. */
function examplesOf(guide: string): Map<string, string> {
  const folder = join(ROOT, `${guide}.examples`);
  const blocks = [...readFileSync(join(ROOT, guide), 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)];
  return new Map(
    blocks
      .map(([, code = '']) => code)
      .filter((code) => /^import /m.test(code))
      .map((code, index) => [
        join(folder, /^\/\/ (\S+\.ts)\n/.exec(code)?.[1] ?? `block-${index + 1}.ts`),
        code,
      ]),
  );
}

const parsed = new Map<string, ts.SourceFile | undefined>();

/** Reads the examples from memory, all else from the disk, once for all guides. */
function hostOf(examples: ReadonlyMap<string, string>): ts.CompilerHost {
  const host = ts.createCompilerHost(OPTIONS);
  const { directoryExists, fileExists, readFile, getSourceFile } = host;
  const folders = [...examples.keys()].flatMap((path) => [dirname(path), dirname(dirname(path))]);
  host.directoryExists = (path) => folders.includes(path) || directoryExists?.(path) === true;
  host.fileExists = (path) => examples.has(path) || fileExists(path);
  host.readFile = (path) => examples.get(path) ?? readFile(path);
  host.getSourceFile = (path, ...rest) => {
    if (examples.has(path)) return getSourceFile(path, ...rest);
    if (!parsed.has(path)) parsed.set(path, getSourceFile(path, ...rest));
    return parsed.get(path);
  };
  return host;
}

/** What the compiler has to say about them. */
function errorsIn(examples: ReadonlyMap<string, string>): string[] {
  const files = new Map([...examples, [join(ROOT, 'not-installed.d.ts'), NOT_INSTALLED]]);
  const program = ts.createProgram([...files.keys()], OPTIONS, hostOf(files));
  return [...files.keys()]
    .map((path) => program.getSourceFile(path))
    .flatMap((file) => [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)])
    .map(({ file, start = 0, messageText }) => {
      const line = (file?.getLineAndCharacterOfPosition(start).line ?? 0) + 1;
      return `${file?.fileName.slice(ROOT.length)}:${line} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    });
}

const docs = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.md'))
  .sort()
  .map((file) => `docs/${file}`);
const guides = ['README.md', ...docs].filter((guide) => examplesOf(guide).size > 0);

describe('the examples in the guides', { timeout: 60_000 }, () => {
  it('are found', () => {
    const stores = ['cookie', 'express-session', 'mongo', 'postgres', 'redis'];
    expect(guides).toEqual(
      expect.arrayContaining([
        'README.md',
        'docs/stores.md',
        ...stores.map((name) => `docs/stores/${name}.md`),
      ]),
    );
  });

  it.each(guides)('compile: %s', (guide) => {
    expect(errorsIn(examplesOf(guide))).toEqual([]);
  });

  it('would be reported if they did not', () => {
    const code = "import { SessionModule } from 'nest-sessions';\nSessionModule.forRoot({ secret: 1 });\n";
    expect(errorsIn(new Map([[join(ROOT, 'wrong.ts'), code]]))).toEqual([
      expect.stringMatching(/^wrong\.ts:2 Type 'number' is not assignable/),
    ]);
  });
});
