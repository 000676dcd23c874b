import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { toJsonSchema } from '../../schemas/topic.ts';
import { topics } from '../../schemas/topics.ts';

const golden = fileURLToPath(new URL('../golden/', import.meta.url));
const update = process.env['UPDATE_GOLDEN'] === '1';

/**
 * What each topic carries, as a JSON Schema in a file: a diff of it asks whether consumers of older and newer records
 * still understand one another. `UPDATE_GOLDEN=1` writes the files.
 */
describe('the JSON Schema', () => {
  test.each(topics.map((topic) => [topic.name, topic] as const))('of %s is the one on file', (name, topic) => {
    const path = `${golden}${name}.v${topic.version}.json`;
    const schema = `${JSON.stringify(toJsonSchema(topic), null, 2)}\n`;
    if (update) writeFileSync(path, schema);
    expect(schema).toBe(readFileSync(path, 'utf8'));
  });

  test('is on file for topics that there are, and no others', () => {
    const files = topics.map(({ name, version }) => `${name}.v${version}.json`);
    const versions = readdirSync(golden).filter((file) => /\.v\d+\.json$/.test(file));
    expect(versions.sort()).toEqual([...files].sort());
  });
});
