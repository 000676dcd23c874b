import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@clickhouse/client';
import { afterAll, expect, test } from 'vitest';
import { fetchClickHouse } from './fetch-engines.ts';
import { orSkip } from './shared.ts';
import { startClickHouse } from './start-clickhouse.ts';

const directory = await mkdtemp(join(tmpdir(), 'kriver-clickhouse-'));
const files = await fetchClickHouse();
const clickHouse = files.available
  ? { available: true as const, ...(await startClickHouse({ files, directory })) }
  : files;

afterAll(async () => {
  if (clickHouse.available) await clickHouse.stop();
  await rm(directory, { recursive: true, force: true });
});

const readAll = async (url: string): Promise<unknown> => {
  const client = createClient({ url });
  try {
    const answer = await client.query({ query: 'SELECT id FROM trial.outlives ORDER BY id', format: 'JSONEachRow' });
    return await answer.json();
  } finally {
    await client.close();
  }
};

test('rows that were inserted are there after a SIGKILL and after a stop', async ({ skip }) => {
  const { url, kill, stop, start } = orSkip(clickHouse, skip);
  const client = createClient({ url });
  await client.command({ query: 'CREATE DATABASE trial' });
  await client.command({ query: 'CREATE TABLE trial.outlives (id UInt8) ENGINE = MergeTree ORDER BY id' });
  await client.insert({ table: 'trial.outlives', values: [{ id: 1 }], format: 'JSONEachRow' });
  await kill();
  await expect(readAll(url)).rejects.toThrow('ECONNREFUSED');
  await start();
  await client.insert({ table: 'trial.outlives', values: [{ id: 2 }], format: 'JSONEachRow' });
  await client.close();
  await stop();
  await start();
  expect(await readAll(url)).toEqual([{ id: 1 }, { id: 2 }]);
});
