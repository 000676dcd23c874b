import { defineConfig } from 'vitest/config';

const report = process.env['KRIVER_TEST_REPORT'];

/** chdb crashes in worker threads, so tests run in forked processes. */
export default defineConfig({
  test: {
    include: ['test/**/*.{unit,int,sim}.test.ts'],
    globalSetup: ['test/engines/global-setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
  },
});
