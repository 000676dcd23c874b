import { defineConfig } from 'vitest/config';

/** The tests of what is mutated: processors, schemas and the Okta client. Engines and whole programs are left out. */
export default defineConfig({
  test: {
    include: ['test/{processors,schemas}/**/*.unit.test.ts', 'test/ingest/*.{unit,int}.test.ts'],
    pool: 'forks',
    testTimeout: 60_000,
  },
});
