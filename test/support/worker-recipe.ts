import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What the recipe imports, and the types that it is compiled with. */
const PACKAGES = ['@nestjs', '@types', 'lmdb', 'reflect-metadata', 'rxjs', 'express'];

/** The program of a guide, compiled as its reader would. */
export interface Recipe {
  readonly directory: string;
  /** What the compiler has to say. */
  readonly errors: readonly string[];
  readonly main: string;
  dispose(): Promise<void>;
}

/** Writes each block of TypeScript that begins with a file's name into that file, and compiles them. */
export async function compileRecipe(guide: string): Promise<Recipe> {
  const directory = await mkdtemp(join(tmpdir(), 'nest-sessions-recipe-'));
  const text = await readFile(join(ROOT, guide), 'utf8');
  const blocks = [...text.matchAll(/^```ts\n\/\/ (\S+\.ts)\n(.*?)^```$/gms)];
  await Promise.all(blocks.map(([, name = '', code = '']) => writeFile(join(directory, name), code)));
  await writeFile(join(directory, 'package.json'), '{ "type": "module" }');
  await mkdir(join(directory, 'node_modules'));
  const link = (from: string, name: string) => symlink(from, join(directory, 'node_modules', name));
  await Promise.all(PACKAGES.map((name) => link(join(ROOT, 'node_modules', name), name)));
  await link(ROOT, 'nest-sessions');
  return {
    directory,
    errors: compile(blocks.map(([, name = '']) => join(directory, name))),
    main: join(directory, 'main.js'),
    dispose: () => rm(directory, { recursive: true, force: true }),
  };
}

/** As a new Nest project is set up. */
function compile(files: readonly string[]): string[] {
  const program = ts.createProgram(files, {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    strict: true,
    skipLibCheck: true,
    types: ['node'],
  });
  const { diagnostics } = program.emit();
  return [...ts.getPreEmitDiagnostics(program), ...diagnostics].map(({ file, messageText }) =>
    [file?.fileName, ts.flattenDiagnosticMessageText(messageText, '\n')].join(': '),
  );
}
