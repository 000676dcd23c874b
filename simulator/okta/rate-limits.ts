/**
 * Buckets as Okta shares them: the list of users, factors and appLinks count together, one user by id apart, the
 * System Log apart, and everything else together. What a token sees is its own share, by default half of the org's.
 */
export type Bucket = 'logs' | 'users' | 'user' | 'rest';

export const defaultRateLimits: Readonly<Record<Bucket, number>> = { logs: 60, users: 300, user: 1000, rest: 600 };

export interface RateDecision {
  allowed: boolean;
  headers: Record<string, string>;
}

const windowMs = 60_000;
/** Windows begin at odd moments that differ by bucket, as recorded ones do. */
const offsetsMs: Readonly<Record<Bucket, number>> = { logs: 7_300, users: 23_100, user: 41_700, rest: 52_900 };

const toHeaders = (limit: number, remaining: number, resetMs: number) => ({
  'X-Rate-Limit-Limit': String(limit),
  'X-Rate-Limit-Remaining': String(remaining),
  'X-Rate-Limit-Reset': String(Math.ceil(resetMs / 1000)),
});

export const createRateLimits = (limits: Readonly<Record<Bucket, number>>) => {
  const windows = new Map<Bucket, { index: number; used: number }>();
  return {
    /** Takes one call from a bucket at a simulated time. */
    take(bucket: Bucket, nowMs: number): RateDecision {
      const index = Math.floor((nowMs - offsetsMs[bucket]) / windowMs);
      const resetMs = (index + 1) * windowMs + offsetsMs[bucket];
      const known = windows.get(bucket);
      const window = known !== undefined && known.index === index ? known : { index, used: 0 };
      windows.set(bucket, window);
      const limit = limits[bucket];
      const allowed = window.used < limit;
      if (allowed) window.used++;
      return { allowed, headers: toHeaders(limit, limit - window.used, resetMs) };
    },
    /** Too many at once: limit and remaining are 0, and the reset is only a suggestion. */
    crowded: (nowMs: number): RateDecision => ({ allowed: false, headers: toHeaders(0, 0, nowMs + 5_000) }),
  };
};
