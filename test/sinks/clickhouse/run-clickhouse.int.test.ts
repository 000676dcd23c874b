import type { ClickHouseClient } from '@clickhouse/client';
import { pino } from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Assignment, Bus } from '../../../runtime/bus/bus.ts';
import { createMemoryBus } from '../../../runtime/bus/memory-bus.ts';
import { createVirtualClock } from '../../../runtime/clock.ts';
import { clickHouseGroup, runClickHouse } from '../../../sinks/clickhouse/run-clickhouse.ts';
import { clickHouseSettingsSchema } from '../../../sinks/clickhouse/settings.ts';
import type { SinkRecord } from '../../../sinks/sink.ts';
import {
  eventRecord,
  exampleEvent,
  exampleReading,
  progressRecord,
  readingRecord,
  systemLog,
  toRecord,
} from './example-records.ts';
import { chdbAvailable, useDatabase } from './test-database.ts';

const at = '2026-03-01T12:00:00.000Z';
const slug = 'okta_mfa_adoption_pct';

describe.skipIf(!chdbAvailable)('the ClickHouse sink over every topic', () => {
  const database = useDatabase();
  let bus: Bus;
  let warnings: string[] = [];
  const logger = pino({ level: 'warn' }, { write: (line: string) => void warnings.push(JSON.parse(line).msg) });
  beforeEach(async () => {
    await database.empty();
    bus = createMemoryBus({ partitions: 2 });
    warnings = [];
  });

  const publish = (...records: SinkRecord[]) =>
    bus.publish(
      records.map(({ topic, key, value, headers }) => ({ topic, key, value, headers, org: key.split('/')[0] ?? '' })),
    );

  const run = (
    changes: {
      bus?: Bus;
      client?: ClickHouseClient;
      clock?: ReturnType<typeof createVirtualClock>;
      rewindMs?: number;
    } = {},
  ) =>
    runClickHouse({
      bus,
      client: database.client,
      settings: clickHouseSettingsSchema.parse({}),
      thresholds: [{ org: 'acme', slug, warn: 90, critical: 70, direction: 'lower-is-worse' }],
      until: 'caught-up',
      signal: new AbortController().signal,
      clock: createVirtualClock(Date.parse(at)),
      logger,
      ...changes,
    });

  const events = (count: number): SinkRecord[] =>
    Array.from({ length: count }, (_, index) => eventRecord(index, exampleEvent(`event-${index}`, at)));

  const counts = () =>
    database.rows(`SELECT (SELECT count() FROM events FINAL) AS events, (SELECT count() FROM readings FINAL) AS readings,
      (SELECT count() FROM progress FINAL) AS progress, (SELECT count() FROM dead_letters FINAL) AS dead_letters`);

  it('stores what is in the topics, and acks it', async () => {
    await publish(...events(1_200), progressRecord(systemLog, 0, at), readingRecord(0, exampleReading()));
    await run();
    expect(await counts()).toEqual([{ events: '1200', readings: '1', progress: '1', dead_letters: '0' }]);
    expect(await bus.committed(systemLog, bus.partitionOf('acme'), clickHouseGroup)).toBe(1_200);
    expect(await database.rows('SELECT draxis_level FROM kri_current')).toEqual([{ draxis_level: 'red' }]);
  });

  it('stores all of a batch but its poison row, which the next run finds among the dead letters', async () => {
    const poison = toRecord(systemLog, 'acme', 0, Buffer.from('{"published":"never"}'));
    await publish(...events(300), poison, ...events(300).map((record) => ({ ...record, key: 'other' })));
    await run();
    await run();
    expect(await counts()).toEqual([{ events: '600', readings: '0', progress: '0', dead_letters: '1' }]);
    const [letter] = await database.rows<{ reason: string; bytes: string }>('SELECT reason, bytes FROM dead_letters');
    expect(letter?.reason).toContain('uuid');
    expect(Buffer.from(letter?.bytes ?? '', 'base64')).toEqual(poison.value);
  });

  it('writes again after a crash between write and ack, and nothing is there twice', async () => {
    await publish(...events(700), readingRecord(0, exampleReading()));
    const crashing: Bus = {
      ...bus,
      consume: async function* (options) {
        for await (const assignment of bus.consume(options)) yield withoutAcks(assignment);
      },
    };
    await expect(run({ bus: crashing })).rejects.toThrow('killed before the ack');
    expect(await bus.committed(systemLog, bus.partitionOf('acme'), clickHouseGroup)).toBeUndefined();
    await run();
    expect(await counts()).toEqual([{ events: '700', readings: '1', progress: '0', dead_letters: '0' }]);
  });

  it('rewinds after an unclean stop, so that rows which the engine lost are there again', async () => {
    await publish(...events(50));
    await run();
    await database.client.command({ query: 'TRUNCATE TABLE events' });
    await run();
    expect(await counts()).toMatchObject([{ events: '0' }]);
    await run({ rewindMs: 15 * 60_000, clock: createVirtualClock(Date.now()) });
    expect(await counts()).toMatchObject([{ events: '50' }]);
  });

  it('waits for ClickHouse when it is down at the start, and says so once', async () => {
    await publish(...events(3));
    let calls = 0;
    const client: ClickHouseClient = Object.create(database.client, {
      query: {
        value: (parameters: Parameters<ClickHouseClient['query']>[0]) => {
          calls += 1;
          if (calls <= 4) return Promise.reject(new Error('connect ECONNREFUSED'));
          return database.client.query(parameters);
        },
      },
    });
    const clock = createVirtualClock(Date.parse(at));
    let done = false;
    const running = run({ client, clock }).then(() => {
      done = true;
    });
    while (!done) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (clock.sleepers() > 0) clock.advance(1_000);
    }
    await running;
    expect(clock.now() - Date.parse(at)).toBe(15_000);
    expect(warnings).toEqual(['ClickHouse does not take records; retrying with the same ones.']);
    expect(await counts()).toMatchObject([{ events: '3' }]);
  });

  it('gives up at once when the database is not one that it may use', async () => {
    await database.client.insert({
      table: 'kriver_migrations',
      values: [{ number: 99, name: 'later' }],
      format: 'JSONEachRow',
    });
    try {
      await expect(run()).rejects.toMatchObject({ code: 'configuration-invalid' });
    } finally {
      await database.client.command({ query: 'DELETE FROM kriver_migrations WHERE number = 99' });
    }
  });
});

const withoutAcks = (assignment: Assignment): Assignment => ({
  ...assignment,
  batches: async function* (options) {
    for await (const batch of assignment.batches(options)) {
      yield { ...batch, ack: () => Promise.reject(new Error('killed before the ack')) };
    }
  },
});
