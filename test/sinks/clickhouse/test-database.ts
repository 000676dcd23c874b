import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClickHouseClient } from '@clickhouse/client';
import { afterAll, beforeAll } from 'vitest';
import { isChdbAvailable, openChdb } from '../../../sinks/clickhouse/client.ts';
import { migrate } from '../../../sinks/clickhouse/migrate.ts';

export const chdbAvailable = await isChdbAvailable();
if (!chdbAvailable)
  console.warn('SKIPPED: the optional package chdb is not installed; nothing of ClickHouse is tested.');

export interface TestDatabase {
  readonly path: string;
  readonly client: ClickHouseClient;
  rows<Row = Record<string, unknown>>(sql: string, parameters?: Record<string, unknown>): Promise<Row[]>;
  empty(): Promise<void>;
}

const tables = 'events readings user_snapshots policy_snapshots sweeps progress runs dead_letters thresholds'.split(
  ' ',
);

/** A migrated database of its own for one test file, on the real engine; removed when the file is done. */
export const useDatabase = (options: { migrated?: boolean } = {}): TestDatabase => {
  let path = '';
  let client: ClickHouseClient;

  beforeAll(async () => {
    if (!chdbAvailable) return;
    path = await mkdtemp(join(tmpdir(), 'kriver-chdb-'));
    client = await openChdb({ path });
    if (options.migrated !== false) await migrate(client);
  });

  afterAll(async () => {
    if (!chdbAvailable) return;
    await client.close();
    await rm(path, { recursive: true, force: true });
  });

  return {
    get path() {
      return path;
    },
    get client() {
      return client;
    },
    rows: async (query, parameters = {}) => {
      const answer = await client.query({ query, query_params: parameters, format: 'JSONEachRow' });
      return answer.json();
    },
    empty: async () => {
      for (const table of tables) await client.command({ query: `TRUNCATE TABLE ${table}` });
    },
  };
};
