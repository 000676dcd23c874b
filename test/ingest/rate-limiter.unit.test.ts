import { describe, expect, it } from 'vitest';
import { createRateLimiter, type RateLimiter } from '../../ingest/okta/rate-limiter.ts';
import { createVirtualClock, type VirtualClock } from '../../runtime/clock.ts';

const start = 1_000_000_000_000;

const setUp = (
  options: { share?: number; concurrency?: number } = {},
): { clock: VirtualClock; limiter: RateLimiter } => {
  const clock = createVirtualClock(start);
  const { share = 0.5, concurrency = 4 } = options;
  return { clock, limiter: createRateLimiter({ clock, share, concurrency, random: () => 0 }) };
};

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

/** Enters and reports whether it could at once. */
const tries = async (limiter: RateLimiter, bucket: string, priority: 'log' | 'sweep' = 'sweep') => {
  const state = { in: false };
  void limiter.enter(bucket, priority).then(() => {
    state.in = true;
  });
  await settle();
  return state;
};

describe('createRateLimiter', () => {
  it('lets one request of an unknown bucket go and holds the others until its numbers are known', async () => {
    const { limiter, clock } = setUp();
    expect((await tries(limiter, 'users')).in).toBe(true);
    const second = await tries(limiter, 'users');
    expect(second.in).toBe(false);
    limiter.leave('users', { limit: 100, remaining: 99, resetMs: start + 60_000 }, start);
    await settle();
    expect(second.in).toBe(true);
    expect(clock.now()).toBe(start);
  });

  it('spends the share of a window and the rest only after its end, as told by Reset minus Date', async () => {
    const { limiter, clock } = setUp();
    // Okta's clock is an hour ahead of ours: only the difference of its own times counts.
    const date = start + 3_600_000;
    for (let used = 1; used <= 5; used += 1) {
      expect((await tries(limiter, 'users')).in).toBe(true);
      limiter.leave('users', { limit: 10, remaining: 10 - used, resetMs: date + 30_000 }, date);
    }
    const sixth = await tries(limiter, 'users');
    clock.advance(30_900);
    await settle();
    expect(sixth.in).toBe(false);
    clock.advance(100);
    await settle();
    expect(sixth.in).toBe(true);
  });

  it('stops when others have used up what the token has left', async () => {
    const { limiter } = setUp();
    expect((await tries(limiter, 'users')).in).toBe(true);
    limiter.leave('users', { limit: 100, remaining: 8, resetMs: start + 60_000 }, start);
    expect((await tries(limiter, 'users')).in).toBe(false);
  });

  it('has at most `concurrency` under way over all buckets, and fewer of one that runs dry', async () => {
    const { limiter } = setUp();
    for (const bucket of ['a', 'b']) {
      await tries(limiter, bucket);
      limiter.leave(bucket, { limit: 1_000, remaining: bucket === 'a' ? 999 : 105, resetMs: start + 60_000 }, start);
    }
    const dry = [await tries(limiter, 'b'), await tries(limiter, 'b'), await tries(limiter, 'b')];
    expect(dry.map((one) => one.in)).toEqual([true, true, false]);
    const rich = [await tries(limiter, 'a'), await tries(limiter, 'a'), await tries(limiter, 'a')];
    expect(rich.map((one) => one.in)).toEqual([true, true, false]);
  });

  it('lets a waiting log request go before waiting sweeps', async () => {
    const { limiter } = setUp({ concurrency: 1 });
    for (const bucket of ['users', 'logs']) {
      await tries(limiter, bucket);
      limiter.leave(bucket, { limit: 100, remaining: 99, resetMs: start + 60_000 }, start);
    }
    await tries(limiter, 'users');
    const sweep = await tries(limiter, 'users');
    const log = await tries(limiter, 'logs', 'log');
    expect([sweep.in, log.in]).toEqual([false, false]);
    limiter.leave('users');
    await settle();
    expect([sweep.in, log.in]).toEqual([false, true]);
    limiter.leave('logs');
    await settle();
    expect(sweep.in).toBe(true);
  });

  it('holds a bucket back for a pause, and no other bucket', async () => {
    const { limiter, clock } = setUp();
    limiter.pause('users', 31_000, false);
    const held = await tries(limiter, 'users');
    expect(held.in).toBe(false);
    expect((await tries(limiter, 'logs', 'log')).in).toBe(true);
    clock.advance(31_000);
    await settle();
    expect(held.in).toBe(true);
  });

  it('takes the zeros of a concurrency 429 for no limit, and halves what goes at once', async () => {
    const { limiter, clock } = setUp({ concurrency: 2 });
    await tries(limiter, 'users');
    limiter.leave('users', { limit: 100, remaining: 99, resetMs: start + 3_000 }, start);
    await tries(limiter, 'users');
    limiter.leave('users', { limit: 0, remaining: 0, resetMs: start + 5_000 }, start);
    limiter.pause('users', 6_000, true);
    clock.advance(6_000);
    expect((await tries(limiter, 'users')).in).toBe(true);
    const next = await tries(limiter, 'users');
    expect(next.in).toBe(false);
    limiter.leave('users');
    await settle();
    expect(next.in).toBe(true);
  });

  it('does not wait for ever when the local clock jumps back', async () => {
    const { limiter, clock } = setUp();
    for (let used = 1; used <= 5; used += 1) {
      await tries(limiter, 'users');
      limiter.leave('users', { limit: 10, remaining: 10 - used, resetMs: start + 60_000 }, start);
    }
    clock.advance(-3_600_000);
    expect((await tries(limiter, 'users')).in).toBe(true);
  });
});
