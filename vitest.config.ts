import { defineConfig } from 'vitest/config';

/** chdb crashes in worker threads, so tests run in forked processes. */
export default defineConfig({
  test: {
    include: ['**/*.{unit,int,sim}.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', '**/.stryker-tmp/**'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
