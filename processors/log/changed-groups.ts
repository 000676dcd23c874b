import type { Group } from '../indicator.ts';

/**
 * The groups of one indicator that changed, for the state store: what they are, since the last save, and what they were
 * at the last readings. State may be saved between a late event and the progress record that revises for it (in a
 * partition of several orgs it is, at the other's progress): after a restart these tell which readings are still to be
 * revised. Entries are `SLUG/KEY` and `unsettled/SLUG/KEY`; keys get their slug only here, once for each save.
 */
export const createChangedGroups = (slug: string) => {
  const prefix = `${slug}/`;
  const unsettledPrefix = `unsettled/${prefix}`;
  const unsaved = new Map<string, Group | undefined>();
  const before = new Map<string, Group | null>();
  /** The keys of `before` that are in the store, and those that are to be removed from it. */
  const saved = new Set<string>();
  const removed = new Set<string>();
  return {
    /** `was` is undefined where there was none, `group` where it is gone. The first change since the readings counts. */
    note: (key: string, was: Group | undefined, group: Group | undefined): void => {
      unsaved.set(key, group);
      if (!before.has(key)) before.set(key, was ?? null);
    },
    /** Takes a saved entry of before the last readings over; false for an entry that is none of this. */
    load: (entry: string, value: unknown): boolean => {
      if (!entry.startsWith(unsettledPrefix)) return false;
      const key = entry.slice(unsettledPrefix.length);
      before.set(key, value as Group | null);
      saved.add(key);
      return true;
    },
    /** The group at the last readings: null when there was none, undefined when it has not changed since. */
    settled: (key: string): Group | null | undefined => before.get(key),
    /** Readings were made. */
    settle: (): void => {
      for (const key of saved) removed.add(key);
      saved.clear();
      before.clear();
    },
    /** Adds what is not saved yet. `withSettled`: false before the first readings, which nothing can revise. */
    addTo: (changes: [string, unknown][], withSettled: boolean): void => {
      for (const [key, group] of unsaved) changes.push([prefix + key, group]);
      unsaved.clear();
      for (const key of removed) changes.push([unsettledPrefix + key, undefined]);
      removed.clear();
      if (!withSettled) return;
      for (const [key, group] of before) {
        if (saved.has(key)) continue;
        changes.push([unsettledPrefix + key, group]);
        saved.add(key);
      }
    },
  };
};
