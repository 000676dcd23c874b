import { createMemoryBus } from '../../runtime/bus/memory-bus.ts';
import { createVirtualClock } from '../../runtime/clock.ts';
import { createMemoryStateStore } from '../../runtime/memory-state-store.ts';
import { busContract } from '../contract/bus.ts';
import { stateStoreContract } from '../contract/state-store.ts';

const start = Date.UTC(2026, 0, 1);

for (const partitions of [1, 3]) {
  busContract(
    `the memory bus with ${partitions} partitions`,
    async () => {
      const clock = createVirtualClock(start);
      const bus = createMemoryBus({ partitions, clock });
      return { bus, now: clock.now, passTime: async (ms) => clock.advance(ms), close: () => bus.close() };
    },
    { outlivesRestart: false },
  );
}

stateStoreContract(
  'the memory state store',
  async () => {
    const bus = createMemoryBus();
    return { bus, store: createMemoryStateStore(bus), close: () => bus.close() };
  },
  { outlivesRestart: false },
);
