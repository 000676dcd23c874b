import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../runtime/clock.ts';

/**
 * A clock that moves to the end of the nearest wait whenever nothing is under way: hours of polling in milliseconds,
 * with several loops waiting side by side. `busy` says whether a request is being answered.
 */
export const createSteppingClock = (busy: () => boolean, startMs = Date.parse('2026-11-24T12:00:00.000Z')): Clock => {
  let now = startMs;
  let stepping = false;
  const sleeping = new Set<{ readonly untilMs: number; readonly wake: () => void }>();
  const step = async (): Promise<void> => {
    if (stepping) return;
    stepping = true;
    while (sleeping.size > 0) {
      for (let quiet = 0; quiet < 12; quiet = busy() ? 0 : quiet + 1) await turn();
      const [first] = [...sleeping].sort((a, b) => a.untilMs - b.untilMs);
      if (first === undefined) break;
      now = Math.max(now, first.untilMs);
      first.wake();
    }
    stepping = false;
  };
  return {
    now: () => now,
    sleep: (durationMs, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted || durationMs <= 0) return resolve();
        const sleeper = {
          untilMs: now + durationMs,
          wake: () => {
            sleeping.delete(sleeper);
            signal?.removeEventListener('abort', sleeper.wake);
            resolve();
          },
        };
        sleeping.add(sleeper);
        signal?.addEventListener('abort', sleeper.wake, { once: true });
        void step();
      }),
  };
};
