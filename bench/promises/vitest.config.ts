import { defineConfig } from 'vitest/config';
import { default as base } from '../../vitest.config.js';

export default defineConfig({
  ...base,
  test: { include: ['bench/promises/promises.run.ts'], testTimeout: 900_000 },
});
