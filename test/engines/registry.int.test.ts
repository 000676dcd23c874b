import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { fetchRegistry } from './fetch-engines.ts';
import { orSkip } from './shared.ts';
import { startRegistry } from './start-registry.ts';

const directory = await mkdtemp(join(tmpdir(), 'kriver-registry-'));
const files = await fetchRegistry();
const registry = files.available ? { available: true as const, ...(await startRegistry({ files, directory })) } : files;

afterAll(async () => {
  if (registry.available) await registry.stop();
  await rm(directory, { recursive: true, force: true });
});

const schema = JSON.stringify({
  $schema: 'http://json-schema.org/draft-07/schema#',
  type: 'object',
  properties: { id: { type: 'string' } },
});

test('a schema that was registered has its id after the SIGKILL of the registry', async ({ skip }) => {
  const { url, kill, start } = orSkip(registry, skip);
  const registered = await fetch(`${url}/subjects/outlives-value/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ schemaType: 'JSON', schema }),
  });
  const { id } = (await registered.json()) as { id: number };
  expect(id).toBeGreaterThan(0);
  await kill();
  await expect(fetch(`${url}/subjects`)).rejects.toThrow();
  await start();
  const read = (await (await fetch(`${url}/schemas/ids/${id}`)).json()) as { schema: string };
  expect(read.schema).toBe(schema);
});
