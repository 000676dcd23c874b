/**
 * Which groups have something to forget by which minute, so that forgetting looks at those and not at every group there
 * is. A key may be told too early, when its group has changed since: whoever asks looks at the group itself.
 */
export interface Expiry {
  add(key: string, minute: number): void;
  /** The keys of every minute up to this one; each addition is told once. */
  takeDue(minute: number): readonly string[];
}

export const createExpiry = (): Expiry => {
  const keysByMinute = new Map<number, string[]>();
  let taken = Number.NEGATIVE_INFINITY;
  return {
    add: (key, minute) => {
      // What is overdue already waits for the next call, which looks no farther back than the last one.
      const due = Math.max(minute, taken + 1);
      const keys = keysByMinute.get(due);
      if (keys === undefined) keysByMinute.set(due, [key]);
      else keys.push(key);
    },
    takeDue: (minute) => {
      const due: string[] = [];
      for (const [at, keys] of keysByMinute) {
        if (at > minute) continue;
        due.push(...keys);
        keysByMinute.delete(at);
      }
      taken = minute;
      return due;
    },
  };
};
