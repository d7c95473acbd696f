import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

export default defineConfig({
  // One copy of the classes, whether a test imports the source or the package by its name.
  resolve: {
    alias: [
      { find: /^nest-sessions$/, replacement: source('index.ts') },
      { find: /^nest-sessions\/lmdb$/, replacement: source('stores/lmdb/index.ts') },
      { find: /^nest-sessions\/redis$/, replacement: source('stores/redis/index.ts') },
      { find: /^nest-sessions\/mongo$/, replacement: source('stores/mongo/index.ts') },
      { find: /^nest-sessions\/postgres$/, replacement: source('stores/postgres/index.ts') },
      { find: /^nest-sessions\/cookie$/, replacement: source('stores/cookie/index.ts') },
      { find: /^nest-sessions\/testing$/, replacement: source('testing/index.ts') },
    ],
  },
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  test: {
    include: ['src/**/*.spec.ts', 'test/**/*.spec.ts', 'sample/**/*.spec.ts'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
});
