import { describe, expect, it } from 'vitest';
import { backoffMs, longestLimitWaitMs, rateLimitWaitMs, toLimitInfo } from '../../ingest/okta/retry.ts';

const least = () => 0;
const most = () => 0.999_999;

describe('rateLimitWaitMs', () => {
  const info = { limit: 60, remaining: 0, resetMs: 1_000_030_000 };

  it("is Reset minus the response's own Date plus 1 s, and at most 1 s of jitter", () => {
    expect(rateLimitWaitMs(info, 1_000_000_000, 1, least)).toBe(31_000);
    expect(rateLimitWaitMs(info, 1_000_000_000, 1, most)).toBeCloseTo(32_000, -1);
  });

  it('is 1 s when the reset has passed, and grows when Okta goes on refusing', () => {
    expect(rateLimitWaitMs(info, 1_000_090_000, 1, least)).toBe(1_000);
    expect(rateLimitWaitMs(info, 1_000_090_000, 6, least)).toBe(16_000);
    expect([2, 3].map((limited) => rateLimitWaitMs(info, 1_000_090_000, limited, () => 0.5))).toEqual([1_500, 3_500]);
  });

  it('is capped however far off the reset is', () => {
    expect(rateLimitWaitMs({ ...info, resetMs: 2_000_000_000 }, 1_000_000_000, 1, least)).toBe(longestLimitWaitMs);
  });

  it('backs off exponentially without headers', () => {
    expect([1, 2, 3].map((limited) => rateLimitWaitMs(undefined, 0, limited, least))).toEqual([500, 1_000, 2_000]);
    expect(rateLimitWaitMs(info, undefined, 1, least)).toBe(500);
  });
});

describe('backoffMs', () => {
  it('doubles from 1 s to 60 s, between half and all of it', () => {
    expect([1, 2, 3, 7, 50].map((failures) => backoffMs(failures, least))).toEqual([500, 1_000, 2_000, 30_000, 30_000]);
    expect(backoffMs(50, most)).toBeCloseTo(60_000, -1);
  });
});

describe('toLimitInfo', () => {
  const headers = { 'x-rate-limit-limit': '60', 'x-rate-limit-remaining': '59', 'x-rate-limit-reset': '1000030' };

  it('reads seconds as milliseconds', () => {
    expect(toLimitInfo(headers)).toEqual({ limit: 60, remaining: 59, resetMs: 1_000_030_000 });
  });

  it('overlooks blanks around a number', () => {
    expect(toLimitInfo({ ...headers, 'x-rate-limit-limit': ' 60 ' })?.limit).toBe(60);
  });

  it.each([
    ['missing', { ...headers, 'x-rate-limit-reset': undefined }],
    ['missing, the second', { ...headers, 'x-rate-limit-remaining': undefined }],
    ['doubled in one line', { ...headers, 'x-rate-limit-reset': '1000030, 1000090' }],
    ['sent twice', { ...headers, 'x-rate-limit-reset': ['1000030', '1000090'] }],
    ['no number', { ...headers, 'x-rate-limit-limit': 'many' }],
  ])('gives nothing when a header is %s', (_, broken) => {
    expect(toLimitInfo(broken)).toBeUndefined();
  });
});
