import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ClickHouseClient } from '@clickhouse/client';
import { describe, expect, it } from 'vitest';
import { toClustered } from '../../../sinks/clickhouse/cluster.ts';
import { migrate } from '../../../sinks/clickhouse/migrate.ts';
import { applyRetention } from '../../../sinks/clickhouse/retention.ts';
import { clickHouseSettingsSchema } from '../../../sinks/clickhouse/settings.ts';
import { chdbAvailable, useDatabase } from './test-database.ts';

const cluster = { name: 'kris', database: 'kriver' };
const golden = fileURLToPath(new URL('clustered.golden.sql', import.meta.url));

/** What a migration of an empty database, or its retention, sends to a cluster. */
const statementsOf = async (run: (client: ClickHouseClient) => Promise<unknown>): Promise<string[]> => {
  const statements: string[] = [];
  const client = {
    query: async () => ({ json: async () => [{ value: 1 }] }),
    insert: async () => {},
    command: async ({ query }: { query: string }) => void statements.push(query),
  };
  await run(client as unknown as ClickHouseClient);
  return statements;
};

const migrated = await statementsOf((client) => migrate(client, { cluster }));
const retained = await statementsOf((client) =>
  applyRetention(
    client,
    clickHouseSettingsSchema.parse({
      kind: 'server',
      url: 'https://c.example.com',
      cluster: 'kris',
      database: 'kriver',
    }),
  ),
);
const statements = [...migrated, ...retained];

describe('on a cluster', () => {
  it('every statement is the one on file; UPDATE_GOLDEN=1 writes it', () => {
    const text = `${statements.join(';\n\n')};\n`;
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, text);
    expect(text).toBe(readFileSync(golden, 'utf8'));
  });

  it('every statement is run on all servers', () => {
    expect(statements.filter((statement) => !statement.includes(" ON CLUSTER 'kris'"))).toEqual([]);
  });

  it('whatever speaks of an org is sharded by it, and every table is replicated', () => {
    const tables = migrated.filter((statement) => /^CREATE TABLE \w+/.test(statement.replace('IF NOT EXISTS ', '')));
    const keeping = tables.filter((statement) => statement.includes('ReplicatedReplacingMergeTree'));
    const spreading = tables.filter((statement) => statement.includes('ENGINE = Distributed'));
    expect(keeping.length + spreading.length).toBe(tables.length);
    expect(keeping.length).toBe(spreading.length);
    keeping.forEach((statement, index) => {
      if (/^ {2}org /m.test(statement)) expect(spreading[index]).toContain('cityHash64(org))');
    });
    expect(spreading.filter((statement) => !statement.includes('cityHash64(org)'))).toHaveLength(2);
  });

  it('a new column is known to the distributing table as well, a TTL only to the one that keeps the rows', () => {
    expect(toClustered('ALTER TABLE events ADD COLUMN IF NOT EXISTS extra String', cluster)).toEqual([
      "ALTER TABLE events_local ON CLUSTER 'kris' ADD COLUMN IF NOT EXISTS extra String",
      "ALTER TABLE events ON CLUSTER 'kris' ADD COLUMN IF NOT EXISTS extra String",
    ]);
    expect(toClustered('ALTER TABLE runs MODIFY TTL started + toIntervalDay(3)', cluster)).toEqual([
      "ALTER TABLE runs_local ON CLUSTER 'kris' MODIFY TTL started + toIntervalDay(3)",
    ]);
  });

  it('a statement that nobody thought of is refused', () => {
    expect(() => toClustered('CREATE TABLE x (a Int8) ENGINE = Memory', cluster)).toThrow('no form for a cluster');
    expect(() => toClustered('TRUNCATE TABLE events', cluster)).toThrow('no form for a cluster');
  });

  it('inserts that are acknowledged before the shards have them are refused', async () => {
    const queries: string[] = [];
    const client = {
      query: async ({ query }: { query: string }) => {
        queries.push(query);
        return { json: async () => [{ value: query.includes('distributed') ? 0 : 1 }] };
      },
    } as unknown as ClickHouseClient;
    await expect(migrate(client, { cluster })).rejects.toMatchObject({
      code: 'configuration-invalid',
      hint: expect.stringContaining('distributed_foreground_insert = 1'),
    });
    expect(queries).toHaveLength(2);
  });
});

describe.skipIf(!chdbAvailable)('the engine', () => {
  const database = useDatabase({ migrated: false });

  it('can parse every statement for a cluster', async () => {
    for (const statement of statements) {
      const [row] = await database.rows<{ text: string }>('SELECT formatQuery({statement:String}) AS text', {
        statement,
      });
      expect(row?.text).toMatch(/ON CLUSTER kris/);
    }
    await expect(
      database.rows('SELECT formatQuery({statement:String})', { statement: 'CREATE TABLE x (' }),
    ).rejects.toThrow();
  });
});
