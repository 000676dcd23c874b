import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ClickHouseClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openChdb } from '../../../sinks/clickhouse/client.ts';
import { runSql } from '../../../sinks/clickhouse/query.ts';
import { chdbAvailable, useDatabase } from './test-database.ts';

describe.skipIf(!chdbAvailable)('free SQL', () => {
  const database = useDatabase();
  let client: ClickHouseClient;
  const run = (sql: string, maxRows = 5) => runSql({ client, sql, maxRows });

  beforeAll(async () => {
    client = await openChdb({
      path: database.path,
      limits: { maxSeconds: 1, maxMemoryBytes: 50_000_000, maxRows: 5 },
    });
  });
  afterAll(() => client?.close());

  it('gives a row as an object, large integers as text and times as ISO 8601', async () => {
    const sql = `SELECT 18446744073709551615 AS big, toDateTime64('2026-03-01 12:00:00.123', 3, 'UTC') AS at,
      toDateTime('2026-03-01 12:00:00', 'UTC') AS second, NULL AS nothing, [1.5] AS list`;
    expect(await run(sql)).toEqual({
      rows: [
        {
          big: '18446744073709551615',
          at: '2026-03-01T12:00:00.123Z',
          second: '2026-03-01T12:00:00Z',
          nothing: null,
          list: [1.5],
        },
      ],
      truncated: false,
    });
  });

  it('cuts the rows at the limit and says so', async () => {
    expect((await run('SELECT number FROM numbers(5)')).truncated).toBe(false);
    const result = await run('SELECT number FROM numbers(1000000)');
    expect(result.truncated).toBe(true);
    expect(result.rows).toHaveLength(5);
  });

  it('ends a query that takes too long or too much memory', async () => {
    await expect(run('SELECT sum(cityHash64(number)) FROM numbers(100000000000)')).rejects.toMatchObject({
      code: 'usage-invalid',
      message: expect.stringContaining('Timeout exceeded'),
    });
    await expect(run("SELECT groupArray(repeat('x', 1000)) FROM numbers(10000000)")).rejects.toMatchObject({
      code: 'usage-invalid',
      message: expect.stringContaining('memory limit exceeded'),
    });
  });

  it.each([
    'SET readonly = 0',
    'SET max_memory_usage = 0',
    'CREATE TABLE mine (id UInt8) ENGINE = Memory',
    'DROP TABLE events',
    "INSERT INTO thresholds (slug) VALUES ('x')",
    "SELECT * FROM file('/etc/passwd', LineAsString)",
    "SELECT * FROM url('http://127.0.0.1:1/', LineAsString)",
    "SELECT * FROM remote('127.0.0.1', system.one)",
    'SELECT 1 SETTINGS readonly = 0',
  ])('is read-only even if the guard lets %s through', async (query) => {
    await expect(client.command({ query })).rejects.toThrow();
  });

  it('writes no file', async () => {
    const file = join(database.path, 'written');
    await expect(run(`SELECT 1 INTO OUTFILE '${file}'`)).rejects.toMatchObject({ code: 'usage-invalid' });
    expect(existsSync(file)).toBe(false);
  });

  it('does not restrict the writer, which has a client of its own', async () => {
    await database.client.command({ query: 'CREATE TABLE written (id UInt8) ENGINE = Memory' });
    expect((await run('EXISTS written')).rows).toEqual([{ result: 1 }]);
  });

  it('is refused over a client that may write', async () => {
    await expect(runSql({ client: database.client, sql: 'SELECT 1', maxRows: 1 })).rejects.toMatchObject({
      code: 'internal',
    });
  });

  it('says what is wrong with a statement', async () => {
    await expect(run('SELECT nothing_there FROM events')).rejects.toMatchObject({
      code: 'usage-invalid',
      message: expect.stringContaining('nothing_there'),
    });
  });
});
