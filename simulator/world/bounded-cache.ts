/**
 * A cache of what can be computed again: when the weights together pass the limit, the entries used longest ago go.
 * Called with ascending keys it makes lazy generation cheap; with random ones it stays correct and only gets slower.
 */
export const createBoundedCache = <Value>(limit: number, weigh: (value: Value) => number) => {
  const entries = new Map<number, Value>();
  let weight = 0;
  return {
    get(key: number, compute: (key: number) => Value): Value {
      const known = entries.get(key);
      if (known !== undefined) {
        entries.delete(key);
        entries.set(key, known);
        return known;
      }
      const value = compute(key);
      entries.set(key, value);
      weight += weigh(value) + 1;
      for (const [oldest, old] of entries) {
        if (weight <= limit || oldest === key) break;
        entries.delete(oldest);
        weight -= weigh(old) + 1;
      }
      return value;
    },
  };
};
