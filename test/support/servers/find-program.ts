import { accessSync, constants, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where packages put servers that are not on every PATH. */
const USUAL_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/usr/bin', '/usr/local/bin', '/opt/homebrew/bin'];

/** The first of these programs that is on the PATH or in one of the usual folders. */
export function findProgram(...names: readonly string[]): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter).filter(Boolean), ...USUAL_FOLDERS];
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

/** The program that this variable names, else as `findProgram()`. Throws when the variable names none. */
export function programOf(variable: string, ...names: readonly string[]): string | undefined {
  const named = process.env[variable];
  if (named && !isExecutable(named)) {
    throw new Error(`${variable} names no program`);
  }
  return named || findProgram(...names);
}

/** The folder with PostgreSQL's programs, of the newest version where there are several. Throws when POSTGRES_BIN is none. */
export function findPostgresFolder(): string | undefined {
  const named = process.env['POSTGRES_BIN'];
  if (named && !hasPostgres(named)) {
    throw new Error('POSTGRES_BIN has no initdb and postgres in it');
  }
  if (named) {
    return named;
  }
  const onPath = findProgram('initdb');
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter).filter(Boolean),
    ...versionFolders('/usr/lib/postgresql'), // Debian's
    ...(onPath === undefined ? [] : [join(onPath, '..')]),
  ];
  return folders.find(hasPostgres);
}

function hasPostgres(folder: string): boolean {
  return ['initdb', 'postgres'].every((name) => isExecutable(join(folder, name)));
}

function versionFolders(parent: string): string[] {
  try {
    const versions = readdirSync(parent).sort((a, b) => Number(b) - Number(a));
    return versions.map((version) => join(parent, version, 'bin'));
  } catch {
    return [];
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
