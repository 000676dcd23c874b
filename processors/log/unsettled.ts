import type { Group } from '../indicator.ts';

const prefix = 'unsettled/';

/**
 * Groups that changed since the last readings, as they were at those readings. State may be saved between a late event
 * and the progress record that revises for it (in a partition of several orgs it is, at the other's progress): after a
 * restart these tell which readings are still to be revised.
 */
export const createUnsettled = () => {
  const before = new Map<string, Group | null>();
  const saved = new Set<string>();
  return {
    /** The first change since the last readings counts. */
    note: (key: string, group: Group | undefined): void => {
      if (!before.has(key)) before.set(key, group ?? null);
    },
    /** Takes a saved entry over; false for an entry that is none of this. */
    load: (key: string, value: unknown): boolean => {
      if (!key.startsWith(prefix)) return false;
      before.set(key.slice(prefix.length), value as Group | null);
      saved.add(key.slice(prefix.length));
      return true;
    },
    /** The group at the last readings: null when there was none, undefined when it has not changed since. */
    get: (key: string): Group | null | undefined => before.get(key),
    /** Readings were made: what is saved of it is to be removed. */
    settle: (changes: Map<string, unknown>): void => {
      for (const key of saved) changes.set(prefix + key, undefined);
      saved.clear();
      before.clear();
    },
    /** What is to be saved of it and is not yet. */
    addChanges: (changes: Map<string, unknown>): void => {
      for (const [key, group] of before) {
        if (saved.has(key)) continue;
        changes.set(prefix + key, group);
        saved.add(key);
      }
    },
  };
};
