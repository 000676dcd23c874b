import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClickHouseClient } from '@clickhouse/client';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { createMemoryBus } from '../../runtime/bus/memory-bus.ts';
import { type ClickHouseStateStoreOptions, createClickHouseStateStore } from '../../runtime/clickhouse-state-store.ts';
import { type Clock, systemClock } from '../../runtime/clock.ts';
import { openChdb } from '../../sinks/clickhouse/client.ts';
import { migrate } from '../../sinks/clickhouse/migrate.ts';

/** A migrated database in this process, for one test file; the table of states is empty before each test. */
export const useStateDatabase = () => {
  let path = '';
  let client: ClickHouseClient;
  beforeAll(async () => {
    path = await mkdtemp(join(tmpdir(), 'kriver-state-'));
    client = await openChdb({ path });
    await migrate(client);
  });
  beforeEach(() => client.command({ query: 'TRUNCATE TABLE processor_state' }).then(() => undefined));
  afterAll(async () => {
    await client.close();
    await rm(path, { recursive: true, force: true });
  });
  return {
    get client() {
      return client;
    },
    rows: async <Row = Record<string, unknown>>(query: string): Promise<Row[]> =>
      (await client.query({ query, format: 'JSONEachRow' })).json<Row>(),
  };
};

/** A client that fails, or waits, before what the test says; everything else goes to the real one. */
export const wrapClient = (
  client: ClickHouseClient,
  before: { insert?: () => Promise<void> | void; query?: () => Promise<void> | void },
): ClickHouseClient =>
  new Proxy(client, {
    get: (target, name) => {
      const step = name === 'insert' ? before.insert : name === 'query' ? before.query : undefined;
      const method: unknown = Reflect.get(target, name, target);
      if (typeof method !== 'function') return method;
      if (step === undefined) return method.bind(target);
      return async (...parameters: unknown[]) => {
        await step();
        return method.apply(target, parameters);
      };
    },
  });

/** A store over a bus of its own, and what it logs: `[level, message]`. */
export const createStateWorld = (
  client: ClickHouseClient,
  options: Partial<ClickHouseStateStoreOptions> & { clock?: Clock } = {},
) => {
  const logged: [number, string][] = [];
  const write = (line: string) => {
    const { level, msg } = JSON.parse(line) as { level: number; msg: string };
    logged.push([level, msg]);
  };
  const bus = options.bus ?? createMemoryBus({ partitions: 1 });
  const clock = options.clock ?? systemClock;
  const store = createClickHouseStateStore({ client, bus, clock, logger: pino({}, { write }), ...options });
  return { bus, store, logged };
};
