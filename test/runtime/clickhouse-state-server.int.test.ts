import type { ClickHouseClient } from '@clickhouse/client';
import { afterAll, beforeAll, beforeEach, describe } from 'vitest';
import { createMemoryBus } from '../../runtime/bus/memory-bus.ts';
import { connectServer } from '../../sinks/clickhouse/client.ts';
import { migrate } from '../../sinks/clickhouse/migrate.ts';
import { stateStoreContract } from '../contract/state-store.ts';
import { server, useServerDatabase } from '../sinks/clickhouse/test-server.ts';
import { createStateWorld } from './clickhouse-state-world.ts';

describe.skipIf(!server.available)('on a server', () => {
  const database = useServerDatabase();
  let client: ClickHouseClient;
  beforeAll(async () => {
    if (!server.available) return;
    client = connectServer(database.options());
    await migrate(client);
  });
  beforeEach(() => client.command({ query: 'TRUNCATE TABLE processor_state' }).then(() => undefined));
  afterAll(() => client?.close());

  const create = (durable: readonly string[]) => async () => {
    const bus = createMemoryBus({ partitions: 1 });
    let { store } = createStateWorld(client, { bus, durable });
    return {
      bus,
      get store() {
        return store;
      },
      reopen: async () => {
        await store.close();
        ({ store } = createStateWorld(client, { bus, durable }));
        return { bus, store };
      },
      close: () => store.close(),
    };
  };

  stateStoreContract('ClickHouse as a cache of the log', create([]));
  stateStoreContract('ClickHouse as the only place', create(['indicator', 'one', 'two', 'onetwo']));
});
