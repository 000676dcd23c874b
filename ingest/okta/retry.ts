/** Numbers of the X-Rate-Limit-* headers of one response. */
export interface LimitInfo {
  readonly limit: number;
  readonly remaining: number;
  /** When the window ends, by Okta's clock, in milliseconds since the epoch. */
  readonly resetMs: number;
}

const firstBackoffMs = 1_000;
const longestBackoffMs = 60_000;
/** Okta's windows last a minute. A longer wait is a wrong header, or the mere suggestion of a concurrency limit. */
export const longestLimitWaitMs = 90_000;

/** Capped exponential back-off: 1, 2, 4 … 60 s, of which a random half to all. `failures` counts from 1. */
export const backoffMs = (failures: number, random: () => number): number =>
  Math.min(longestBackoffMs, firstBackoffMs * 2 ** Math.min(failures - 1, 16)) * (0.5 + random() / 2);

/**
 * How long to wait after a 429: Reset minus the response's own Date, plus 1 s and up to 1 s of jitter. Both times are
 * Okta's, so the local clock does not matter. A reset in the past waits the 1 s; without headers, back-off.
 * Source: Okta's SDKs (okta-sdk-nodejs default-request-executor, golang Get429BackoffTime).
 */
export const rateLimitWaitMs = (
  info: LimitInfo | undefined,
  dateMs: number | undefined,
  limited: number,
  random: () => number,
): number => {
  if (info === undefined || dateMs === undefined) return backoffMs(limited, random);
  const wait = Math.min(Math.max(info.resetMs - dateMs, 0) + 1_000, longestLimitWaitMs);
  // When Okta says 429 again and again although the reset has passed, its number is no guide any more.
  const patience = limited > 2 ? backoffMs(limited, random) : 0;
  return Math.max(wait, patience) + random() * 1_000;
};

const integer = (value: string | readonly string[] | undefined): number | undefined =>
  typeof value === 'string' && /^\d{1,15}$/.test(value.trim()) ? Number(value) : undefined;

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** The limit headers of a response; undefined when one is missing or doubled (Okta has sent "a, b" for Reset). */
export const toLimitInfo = (headers: Headers): LimitInfo | undefined => {
  const limit = integer(headers['x-rate-limit-limit']);
  const remaining = integer(headers['x-rate-limit-remaining']);
  const reset = integer(headers['x-rate-limit-reset']);
  if (limit === undefined || remaining === undefined || reset === undefined) return undefined;
  return { limit, remaining, resetMs: reset * 1_000 };
};
