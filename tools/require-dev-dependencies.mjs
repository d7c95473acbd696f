// Stops `npm start` with one readable message when what the samples are built from and run on is not installed.
import { existsSync } from 'node:fs';
import { dirname, join, parse } from 'node:path';
import { fileURLToPath } from 'node:url';

const NEEDED = [
  'typescript',
  '@types/node',
  '@types/express',
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/platform-express',
  'express',
  'express-session',
  'lmdb',
  'redis',
  'mongodb',
  'pg',
  '@types/pg',
  'connect-redis',
  'connect-mongo',
  'jose',
  'passport',
  'passport-local',
  '@nestjs/passport',
  '@types/passport',
  '@types/passport-local',
  'reflect-metadata',
  'rxjs',
];

/** The folders in which Node looks for packages, from here to the root. */
function packageFolders() {
  const folders = [];
  let folder = dirname(fileURLToPath(import.meta.url));
  while (folder !== parse(folder).root) {
    folder = dirname(folder);
    folders.push(join(folder, 'node_modules'));
  }
  return folders;
}

const folders = packageFolders();
const missing = NEEDED.filter(
  (name) => !folders.some((folder) => existsSync(join(folder, name, 'package.json'))),
);

if (missing.length > 0) {
  console.error(
    `The samples cannot start: ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not installed.\n` +
      'Install everything with: npm ci (where NODE_ENV is production: npm ci --include=dev)',
  );
  process.exit(1);
}
