import { busContract } from '../contract/bus.ts';
import { stateStoreContract } from '../contract/state-store.ts';
import { createDirectory, openLmdb } from './lmdb-directory.ts';

busContract('the lmdb bus', async () => {
  const { directory, remove } = await createDirectory();
  let opened = await openLmdb(directory);
  return {
    bus: opened.bus,
    now: opened.clock.now,
    passTime: async (ms) => opened.clock.advance(ms),
    reopen: async () => {
      await opened.close();
      opened = await openLmdb(directory);
      return opened.bus;
    },
    close: async () => {
      await opened.close();
      await remove();
    },
  };
});

stateStoreContract('the lmdb state store', async () => {
  const { directory, remove } = await createDirectory();
  let opened = await openLmdb(directory);
  return {
    bus: opened.bus,
    store: opened.store,
    reopen: async () => {
      await opened.close();
      opened = await openLmdb(directory);
      return opened;
    },
    close: async () => {
      await opened.close();
      await remove();
    },
  };
});
