import type { Clock } from '../../runtime/clock.ts';

/** A clock on which every wait is over at once and moves the time by its length: hours of back-off in milliseconds. */
export interface EagerClock extends Clock {
  readonly sleeps: readonly number[];
}

export const createEagerClock = (startMs = Date.parse('2026-11-24T12:00:00.000Z')): EagerClock => {
  let now = startMs;
  const sleeps: number[] = [];
  return {
    sleeps,
    now: () => now,
    sleep: async (durationMs, signal) => {
      await new Promise((resolve) => setImmediate(resolve));
      if (signal?.aborted) return;
      now += Math.max(0, durationMs);
      sleeps.push(durationMs);
    },
  };
};
