import { createMemoryBus } from '../../runtime/bus/memory-bus.ts';
import { stateStoreContract } from '../contract/state-store.ts';
import { createStateWorld, useStateDatabase } from './clickhouse-state-world.ts';

const database = useStateDatabase();

const create = (durable: readonly string[]) => async () => {
  const bus = createMemoryBus({ partitions: 1 });
  let { store } = createStateWorld(database.client, { bus, durable });
  return {
    bus,
    get store() {
      return store;
    },
    reopen: async () => {
      await store.close();
      ({ store } = createStateWorld(database.client, { bus, durable }));
      return { bus, store };
    },
    close: () => store.close(),
  };
};

stateStoreContract('ClickHouse as a cache of the log', create([]));
stateStoreContract('ClickHouse as the only place', create(['indicator', 'one', 'two', 'onetwo']));
