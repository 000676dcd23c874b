import type { StateChanges } from '../../processors/state.ts';

/** What a state store keeps of a fold: JSON by key. */
export const createSaved = () => {
  const kept = new Map<string, string>();
  return {
    take: (changes: StateChanges): void => {
      for (const [key, value] of changes) {
        if (value === undefined) kept.delete(key);
        else kept.set(key, JSON.stringify(value));
      }
    },
    entries: (): [string, unknown][] => [...kept].map(([key, json]) => [key, JSON.parse(json)]),
  };
};
