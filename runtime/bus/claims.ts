/**
 * Who has a partition for a group: one consumer at a time, the others wait in the order in which they came.
 * A claim ends when the signal that it was made with aborts, and the next in line has it at once.
 */
export interface Claims {
  /** Resolves with the claim when it is this consumer's turn, or with undefined when the signal aborts first. */
  claim(key: string, signal: AbortSignal): Promise<Claim | undefined>;
}

export interface Claim {
  /** False once another consumer has had the same claim: what this one still acks must not count any more. */
  isLatest(): boolean;
}

interface Held {
  generation: number;
  taken: boolean;
  readonly waiting: Set<() => void>;
}

export const createClaims = (): Claims => {
  const all = new Map<string, Held>();

  const hold = (held: Held, signal: AbortSignal): Claim => {
    held.taken = true;
    held.generation += 1;
    const { generation } = held;
    const release = () => {
      held.taken = false;
      for (const next of held.waiting) {
        held.waiting.delete(next);
        next();
        return;
      }
    };
    signal.addEventListener('abort', release, { once: true });
    return { isLatest: () => held.generation === generation };
  };

  return {
    claim: (key, signal) => {
      const held = all.get(key) ?? { generation: 0, taken: false, waiting: new Set() };
      all.set(key, held);
      if (signal.aborted) return Promise.resolve(undefined);
      if (!held.taken) return Promise.resolve(hold(held, signal));
      return new Promise((resolve) => {
        const giveUp = () => {
          held.waiting.delete(proceed);
          resolve(undefined);
        };
        const proceed = () => {
          signal.removeEventListener('abort', giveUp);
          resolve(hold(held, signal));
        };
        held.waiting.add(proceed);
        signal.addEventListener('abort', giveUp, { once: true });
      });
    },
  };
};
