import type { Clock } from '../../runtime/clock.ts';
import { type LimitInfo, longestLimitWaitMs } from './retry.ts';

/** `log`: the System Log, which never waits behind sweeps. `sweep`: everything else. */
export type Priority = 'log' | 'sweep';

export interface RateLimiter {
  /** Resolves when a request of the bucket may go, or when the signal aborts. Every `enter` is followed by one `leave`. */
  enter(bucket: string, priority: Priority, signal?: AbortSignal): Promise<void>;
  /** The request is over. `info` and `dateMs` are what its response said, if there was one. */
  leave(bucket: string, info?: LimitInfo, dateMs?: number): void;
  /** Holds a bucket back after a 429. A concurrency 429 (Limit 0) also halves what goes at once, for a while. */
  pause(bucket: string, durationMs: number, concurrency: boolean): void;
}

interface Bucket {
  limit: number | undefined;
  remaining: number;
  resetMs: number;
  /** When the window ends on the local clock: received + (Reset - Date), so that skew does not matter. */
  endsAtMs: number;
  /** Our own requests in this window. */
  used: number;
  inFlight: number;
  learned: boolean;
  pausedUntilMs: number;
}

const shyMs = 60_000;

/**
 * Spends at most `share` of each bucket's limit in a window, as the token sees it, and never the last tenth of what is
 * left (the log may). The numbers come from X-Rate-Limit-* alone: before the first response of a bucket one request
 * goes at a time, and as a bucket runs dry fewer go at once.
 */
export const createRateLimiter = (options: {
  clock: Clock;
  share: number;
  concurrency: number;
  random: () => number;
}): RateLimiter => {
  const { clock, share, random } = options;
  const buckets = new Map<string, Bucket>();
  const wakers = new Set<() => void>();
  let inFlight = 0;
  let logWaiting = 0;
  let shyUntilMs = 0;

  const bucketOf = (name: string): Bucket => {
    let bucket = buckets.get(name);
    if (bucket === undefined) {
      bucket = {
        limit: undefined,
        remaining: 0,
        resetMs: 0,
        endsAtMs: 0,
        used: 0,
        inFlight: 0,
        learned: false,
        pausedUntilMs: 0,
      };
      buckets.set(name, bucket);
    }
    return bucket;
  };

  const atOnce = (): number =>
    clock.now() < shyUntilMs ? Math.max(1, Math.floor(options.concurrency / 2)) : options.concurrency;

  /** A window that has ended gives back its requests; so does one that seems to last for ever because a clock jumped. */
  const roll = (bucket: Bucket): void => {
    const left = bucket.endsAtMs - clock.now();
    if (bucket.limit === undefined || (left > 0 && left <= 2 * longestLimitWaitMs)) return;
    bucket.remaining = bucket.limit;
    bucket.used = bucket.inFlight;
    bucket.endsAtMs = clock.now() + 60_000;
    bucket.resetMs = 0;
  };

  const available = (bucket: Bucket, priority: Priority): number => {
    if (bucket.limit === undefined) return bucket.learned ? Number.POSITIVE_INFINITY : 1 - bucket.inFlight;
    const reserve = priority === 'log' ? 0 : Math.floor(bucket.limit * Math.min(0.1, 1 - share));
    const own = Math.max(1, Math.floor(bucket.limit * share)) - bucket.used;
    return Math.min(own, bucket.remaining - bucket.inFlight - reserve);
  };

  /** 0 when the request may go, else how long to wait unless another request ends before. */
  const waitFor = (bucket: Bucket, priority: Priority): number => {
    const now = clock.now();
    const paused = bucket.pausedUntilMs - now;
    if (paused > 0 && paused <= 2 * longestLimitWaitMs) return paused;
    roll(bucket);
    const free = available(bucket, priority);
    if (free <= 0) return bucket.limit === undefined ? longestLimitWaitMs : bucket.endsAtMs - now + random() * 500;
    const crowd = inFlight + (priority === 'sweep' ? logWaiting : 0);
    const most = Math.min(atOnce(), Math.max(1, Math.ceil((free + bucket.inFlight) / 4)));
    return crowd >= atOnce() || bucket.inFlight >= most ? longestLimitWaitMs : 0;
  };

  const wakeAll = (): void => {
    for (const wake of [...wakers]) wake();
  };

  const learn = (bucket: Bucket, info: LimitInfo, dateMs: number): void => {
    if (info.limit === 0) return; // A concurrency 429: its zeros say nothing about the bucket.
    if (info.resetMs < bucket.resetMs) return; // A response of the window before, overtaken.
    const sameWindow = info.resetMs === bucket.resetMs;
    bucket.remaining = sameWindow ? Math.min(bucket.remaining, info.remaining) : info.remaining;
    if (!sameWindow && bucket.resetMs !== 0) bucket.used = bucket.inFlight + 1;
    bucket.limit = info.limit;
    bucket.resetMs = info.resetMs;
    const left = Math.min(Math.max(info.resetMs - dateMs, 0) + 1_000, longestLimitWaitMs);
    if (!sameWindow) bucket.endsAtMs = clock.now() + left;
  };

  return {
    enter: async (name, priority, signal) => {
      const bucket = bucketOf(name);
      if (priority === 'log') logWaiting += 1;
      try {
        for (;;) {
          const waitMs = signal?.aborted ? 0 : waitFor(bucket, priority);
          if (waitMs <= 0) break;
          const awake = new AbortController();
          const wake = () => awake.abort();
          wakers.add(wake);
          signal?.addEventListener('abort', wake);
          await clock.sleep(waitMs, awake.signal);
          signal?.removeEventListener('abort', wake);
          wakers.delete(wake);
        }
      } finally {
        if (priority === 'log') logWaiting -= 1;
      }
      bucket.inFlight += 1;
      bucket.used += 1;
      inFlight += 1;
    },
    leave: (name, info, dateMs) => {
      const bucket = bucketOf(name);
      bucket.inFlight -= 1;
      inFlight -= 1;
      if (dateMs !== undefined) bucket.learned = true;
      if (info !== undefined && dateMs !== undefined) learn(bucket, info, dateMs);
      wakeAll();
    },
    pause: (name, durationMs, concurrency) => {
      const bucket = bucketOf(name);
      bucket.pausedUntilMs = Math.max(bucket.pausedUntilMs, clock.now() + durationMs);
      if (concurrency) shyUntilMs = clock.now() + durationMs + shyMs;
      wakeAll();
    },
  };
};
