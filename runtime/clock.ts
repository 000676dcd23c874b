/**
 * The only place that reads the machine's clock. Folds never see it: time reaches them as data (`published`, `asOf`).
 * What it decides is pacing (when to poll, how long to wait) and, where a reading is shown, how old it is.
 */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `durationMs`, or at once when the signal aborts. Never rejects. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>;
}

const longestTimerMs = 2 ** 31 - 1;

const wait = (durationMs: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, Math.min(Math.max(durationMs, 0), longestTimerMs));
    signal?.addEventListener('abort', done, { once: true });
  });

export const systemClock: Clock = { now: () => Date.now(), sleep: wait };

/**
 * A clock that starts at `startMs` and runs `speed` times as fast as the machine's: the demo's, so that a day of an
 * org passes in minutes. Waits shrink by the same factor, so back-off and pacing keep their meaning.
 */
export const createScaledClock = (startMs: number, speed: number): Clock => {
  const startedAt = Date.now();
  return {
    now: () => Math.floor(startMs + (Date.now() - startedAt) * speed),
    sleep: (durationMs, signal) => wait(durationMs / speed, signal),
  };
};

/**
 * A clock that moves only when told, for tests: `sleep` returns when `advance` has passed its end.
 * `sleepers` tells how many wait, so that a test can advance once the code under test has come to rest.
 */
export interface VirtualClock extends Clock {
  advance(durationMs: number): void;
  sleepers(): number;
}

export const createVirtualClock = (startMs: number): VirtualClock => {
  let now = startMs;
  const sleeping = new Set<{ until: number; wake: () => void }>();
  return {
    now: () => now,
    sleep: (durationMs, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted || durationMs <= 0) return resolve();
        const sleeper = { until: now + durationMs, wake: () => {} };
        sleeper.wake = () => {
          sleeping.delete(sleeper);
          signal?.removeEventListener('abort', sleeper.wake);
          resolve();
        };
        sleeping.add(sleeper);
        signal?.addEventListener('abort', sleeper.wake, { once: true });
      }),
    advance: (durationMs) => {
      now += durationMs;
      for (const sleeper of [...sleeping].sort((a, b) => a.until - b.until)) if (sleeper.until <= now) sleeper.wake();
    },
    sleepers: () => sleeping.size,
  };
};
