import type { Bus } from './bus/bus.ts';
import type { StateStore } from './state-store.ts';

/** A state store in memory, for tests and simulated runs. Values are kept as JSON, as every other adapter keeps them. */
export const createMemoryStateStore = (bus: Bus): StateStore => {
  const states = new Map<string, { offset: number; entries: Map<string, string> }>();
  return {
    load: async (name, partition) => {
      const state = states.get(`${name}/${partition}`);
      if (state === undefined) return undefined;
      const entries = new Map<string, unknown>();
      for (const [key, json] of state.entries) entries.set(key, JSON.parse(json));
      return { offset: state.offset, entries };
    },
    commit: async (name, partition, { offset, changes, records }) => {
      // Made JSON before the publish: a value that cannot be saved must not leave published records behind.
      const changed = [...changes].map(([key, value]) => [key, JSON.stringify(value) as string | undefined] as const);
      await bus.publish(records);
      const state = states.get(`${name}/${partition}`) ?? { offset, entries: new Map<string, string>() };
      for (const [key, json] of changed) {
        if (json === undefined) state.entries.delete(key);
        else state.entries.set(key, json);
      }
      state.offset = offset;
      states.set(`${name}/${partition}`, state);
    },
  };
};
