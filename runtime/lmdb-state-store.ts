import type { LmdbBus } from './bus/lmdb-bus.ts';
import { AppError } from './errors.ts';
import type { LmdbEnvironment } from './lmdb-environment.ts';
import { sealJson, unsealJson } from './sealed-json.ts';
import type { StateStore } from './state-store.ts';

interface StateHead {
  readonly offset: number;
  /** How many entries there are: lost ones would otherwise pass for a smaller state. */
  readonly entries: number;
}

/**
 * State beside the log it was folded from: `commit` appends its records and saves the changes and the offset in one
 * transaction, so a crash leaves both or neither. A damaged entry is `state-invalid` when it is loaded.
 */
export const createLmdbStateStore = (options: { environment: LmdbEnvironment; bus: LmdbBus }): StateStore => {
  const { environment, bus } = options;
  const heads = environment.table('state-heads');
  const entries = environment.table('state-entries', { compressed: true });
  const nameOf = (name: string, partition: number, key?: string) =>
    `state ${name}/${partition}${key === undefined ? '' : `, entry ${key}`}`;

  const headOf = (name: string, partition: number): StateHead | undefined => {
    const sealed = heads.getBinary([name, partition]);
    return sealed === undefined ? undefined : (unsealJson(nameOf(name, partition), sealed) as StateHead);
  };

  return {
    load: async (name, partition) => {
      const head = headOf(name, partition);
      const loaded = new Map<string, unknown>();
      // Characters sort below the end mark, so this is every key of the partition.
      for (const path of entries.getKeys({ start: [name, partition], end: [name, partition + 1] })) {
        const key = Array.isArray(path) ? path[2] : undefined;
        const sealed = entries.getBinary(path);
        if (typeof key !== 'string' || sealed === undefined) continue;
        loaded.set(key, unsealJson(nameOf(name, partition, key), sealed));
      }
      if (loaded.size !== (head?.entries ?? 0)) {
        throw new AppError(
          'state-invalid',
          `${nameOf(name, partition)} has ${loaded.size} entries where ${head?.entries ?? 0} were saved.`,
          {
            hint: 'Check the disk. Restore the data directory from a backup, or move it away to start anew from Okta.',
          },
        );
      }
      return head === undefined ? undefined : { offset: head.offset, entries: loaded };
    },
    commit: async (name, partition, { offset, changes, records }) => {
      const appending = bus.append(records);
      const sealed = [...changes].map(
        ([key, value]) =>
          [key, value === undefined ? undefined : sealJson(nameOf(name, partition, key), value)] as const,
      );
      await environment.write(() => {
        appending.write();
        let count = headOf(name, partition)?.entries ?? 0;
        for (const [key, value] of sealed) {
          const path = [name, partition, key];
          const had = entries.doesExist(path);
          if (value === undefined) {
            if (had) entries.remove(path);
          } else entries.put(path, value);
          count += (value === undefined ? 0 : 1) - (had ? 1 : 0);
        }
        heads.put([name, partition], sealJson(nameOf(name, partition), { offset, entries: count } satisfies StateHead));
      });
      appending.announce();
    },
  };
};
