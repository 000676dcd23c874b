import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createMemoryBus } from '../../../runtime/bus/memory-bus.ts';
import { createVirtualClock } from '../../../runtime/clock.ts';
import { runsTopic } from '../../../schemas/topics.ts';
import { createAvailability } from '../../../sinks/availability.ts';
import { connectServer } from '../../../sinks/clickhouse/client.ts';
import { encodeEventRows, insertEvents } from '../../../sinks/clickhouse/events.ts';
import { insertJsonRows } from '../../../sinks/clickhouse/json-rows.ts';
import { migrate } from '../../../sinks/clickhouse/migrate.ts';
import { runSql } from '../../../sinks/clickhouse/query.ts';
import { runSink } from '../../../sinks/run-sink.ts';
import { exampleFacts } from './example-records.ts';
import { type Fate, server, startFaultyProxy, useServerDatabase } from './test-server.ts';

describe.skipIf(!server.available)('a real ClickHouse server', () => {
  const database = useServerDatabase();
  const open = () => connectServer(database.options());

  it('is migrated over HTTP, and takes events through input() as they were encoded', async () => {
    const client = open();
    expect(await migrate(client)).not.toEqual([]);
    expect(await migrate(client)).toEqual([]);
    const raw = Buffer.from('{"text":"ü\\u0000"}');
    const rows = [1, 2].map((offset) => ({ org: 'acme', facts: exampleFacts(), raw, offset }));
    for (const row of rows) await insertEvents(client, encodeEventRows([row]));
    const answer = await client.query({ query: 'SELECT raw, version FROM events FINAL', format: 'JSONEachRow' });
    expect(await answer.json()).toEqual([{ raw: raw.toString(), version: '2' }]);
    await client.close();
  });

  it('answers free queries within their limits', async () => {
    const client = connectServer(
      database.options({ limits: { maxSeconds: 2, maxMemoryBytes: 100_000_000, maxRows: 3 } }),
    );
    const ask = (sql: string) => runSql({ client, sql, maxRows: 3 });
    expect(await ask('SELECT toUInt64(number) AS n FROM numbers(2)')).toEqual({
      rows: [{ n: '0' }, { n: '1' }],
      truncated: false,
    });
    expect(await ask('SELECT * FROM numbers(1000)')).toMatchObject({ truncated: true });
    await expect(ask('SELECT count() FROM numbers(1000000000000)')).rejects.toMatchObject({ code: 'usage-invalid' });
    await expect(ask('SELECT groupArray(number) FROM numbers(1000000000)')).rejects.toMatchObject({
      code: 'usage-invalid',
    });
    await client.close();
  });

  it.each([
    "INSERT INTO runs (org) VALUES ('x')",
    'CREATE TABLE free (a Int8) ENGINE = Memory',
    'CREATE TEMPORARY TABLE free (a Int8)',
    'ALTER TABLE runs DELETE WHERE 1',
    'TRUNCATE TABLE runs',
    'SET readonly = 0',
    "SELECT * FROM file('/etc/hostname', 'LineAsString', 'a String')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')",
    "SELECT * FROM remote('127.0.0.1:1', 'system.one')",
    'SELECT 1 SETTINGS readonly = 0',
    'SELECT 1 SETTINGS max_execution_time = 0',
    "SELECT 1 INTO OUTFILE '/tmp/never'",
  ])('refuses %s to a client with limits by itself', async (query) => {
    const client = connectServer(
      database.options({ limits: { maxSeconds: 2, maxMemoryBytes: 100_000_000, maxRows: 3 } }),
    );
    await expect(client.command({ query })).rejects.toMatchObject({ code: expect.stringMatching(/^(164|358)$/) });
    await client.close();
  });
});

describe.skipIf(!server.available)('a ClickHouse server over a bad line', () => {
  const database = useServerDatabase();
  const tooManyParts = { status: 500, body: 'Code: 252. DB::Exception: Too many parts (300). (TOO_MANY_PARTS)' };

  const deliver = async (fates: Fate[], ids: readonly string[]) => {
    const direct = connectServer(database.options());
    await migrate(direct);
    await direct.command({ query: 'TRUNCATE TABLE runs' });
    const proxy = await startFaultyProxy(fates);
    const client = connectServer(database.options({ url: proxy.url, timeoutMs: 500 }));
    const clock = createVirtualClock(Date.UTC(2026, 2, 1));
    const bus = createMemoryBus({ partitions: 1, clock });
    const logged: number[] = [];
    const logger = pino({}, { write: (line: string) => void logged.push(JSON.parse(line).level) });
    await bus.publish(
      ids.map((id) => ({ topic: runsTopic.name, org: 'acme', key: `acme/${id}`, value: Buffer.from(id) })),
    );
    const committedBefore: (number | undefined)[] = [];
    let done = false;
    const running = runSink({
      bus,
      topic: runsTopic.name,
      group: 'clickhouse',
      sink: {
        write: async (records) => {
          committedBefore.push(await bus.committed(runsTopic.name, 0, 'clickhouse'));
          const started = (value: Buffer) =>
            value.toString().startsWith('bad') ? 'no time' : '2026-03-01T00:00:00.000Z';
          await insertJsonRows(
            client,
            records.map(({ value, offset }) => ({
              table: 'runs',
              values: { org: 'acme', id: value.toString(), started: started(value), version: String(offset) },
            })),
          );
        },
      },
      until: 'caught-up',
      signal: new AbortController().signal,
      clock,
      logger,
      availability: createAvailability('ClickHouse', logger),
    }).finally(() => {
      done = true;
    });
    while (!done) {
      await new Promise((resolve) => setImmediate(resolve));
      if (clock.sleepers() > 0) clock.advance(1_000);
    }
    await running;
    const answer = await direct.query({ query: 'SELECT id FROM runs FINAL ORDER BY id', format: 'JSONEachRow' });
    const stored = (await answer.json<{ id: string }>()).map(({ id }) => id);
    const committed = await bus.committed(runsTopic.name, 0, 'clickhouse');
    await client.close();
    await direct.close();
    await proxy.close();
    const letters = await bus.endOffset('kriver.dead-letters', 0);
    return { stored, committed, committedBefore, logged, letters, ...proxy.counts };
  };

  it('gets the same rows until it has taken them, one insert at a time, and only then are they acked', async () => {
    const fates: Fate[] = [
      'reset',
      { status: 503, body: 'upstream connect error' },
      tooManyParts,
      { status: 429, body: 'slow down' },
      'answer lost',
      'hangs',
      'passes',
    ];
    const attempts = fates.length;
    const result = await deliver(fates, ['a', 'b', 'c']);
    expect(result.stored).toEqual(['a', 'b', 'c']);
    expect(result).toMatchObject({ inserts: attempts, most: 1, committed: 2, letters: 0, logged: [40, 30] });
    expect(result.committedBefore).toEqual(Array.from({ length: attempts }, () => undefined));
  });

  it('refuses one row: it is found and goes to dead letters, the others are stored', async () => {
    const ids = Array.from({ length: 16 }, (_, index) => `run-${String(index).padStart(2, '0')}`);
    const result = await deliver(['reset'], [...ids, 'bad']);
    expect(result.stored).toEqual(ids);
    expect(result).toMatchObject({ committed: 16, letters: 1, most: 1 });
  });
});
