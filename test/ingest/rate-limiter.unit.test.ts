import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { createRateLimiter, type RateLimiter } from '../../ingest/okta/rate-limiter.ts';
import { createVirtualClock, type VirtualClock } from '../../runtime/clock.ts';

const start = 1_000_000_000_000;

const setUp = (
  options: { share?: number; concurrency?: number; random?: number } = {},
): { clock: VirtualClock; limiter: RateLimiter } => {
  const clock = createVirtualClock(start);
  const { share = 0.5, concurrency = 4, random = 0 } = options;
  return { clock, limiter: createRateLimiter({ clock, share, concurrency, random: () => random }) };
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

/** How many of `asked` requests of a bucket go one after the other, each ended before the next. */
const goes = async (limiter: RateLimiter, bucket: string, asked: number): Promise<number> => {
  let went = 0;
  for (; went < asked && (await tries(limiter, bucket)).in; went += 1) limiter.leave(bucket);
  return went;
};

/** How many of `asked` requests of a bucket go at once. */
const goAtOnce = async (limiter: RateLimiter, bucket: string, asked: number): Promise<number> => {
  const states = [];
  for (let one = 0; one < asked; one += 1) states.push(await tries(limiter, bucket));
  return states.filter((state) => state.in).length;
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

  it('lets the log spend what is kept back from sweeps', async () => {
    const { limiter } = setUp();
    await tries(limiter, 'logs');
    limiter.leave('logs', { limit: 100, remaining: 8, resetMs: start + 60_000 }, start);
    expect((await tries(limiter, 'logs', 'log')).in).toBe(true);
  });

  it('keeps back from sweeps no more than the share leaves', async () => {
    const { limiter } = setUp({ share: 0.95 });
    await tries(limiter, 'users');
    limiter.leave('users', { limit: 100, remaining: 8, resetMs: start + 60_000 }, start);
    expect((await tries(limiter, 'users')).in).toBe(true);
  });

  it('spends the share of every window anew, as long as no answer tells of another', async () => {
    const { limiter, clock } = setUp();
    await tries(limiter, 'users');
    limiter.leave('users', { limit: 10, remaining: 9, resetMs: start + 30_000 }, start);
    expect(await goes(limiter, 'users', 20)).toBe(4);
    clock.advance(31_000);
    await settle();
    limiter.leave('users'); // The one that waited is the first of five.
    expect(await goes(limiter, 'users', 20)).toBe(4);
    clock.advance(59_999);
    await settle();
    expect(await goes(limiter, 'users', 20)).toBe(0);
  });

  it('does not wait for the end of a window at the same instant as everybody else', async () => {
    const { limiter, clock } = setUp({ random: 0.9 });
    await tries(limiter, 'users');
    limiter.leave('users', { limit: 2, remaining: 1, resetMs: start + 30_000 }, start);
    const next = await tries(limiter, 'users');
    clock.advance(30_999);
    await settle();
    expect(next.in).toBe(false);
    clock.advance(450);
    await settle();
    expect(next.in).toBe(false);
    clock.advance(1);
    await settle();
    expect(next.in).toBe(true);
  });

  it('does not believe an overtaken answer that tells of more than is left', async () => {
    const { limiter } = setUp({ share: 0.9 });
    const window = { limit: 100, resetMs: start + 60_000 };
    await tries(limiter, 'users');
    limiter.leave('users', { ...window, remaining: 60 }, start);
    expect(await goAtOnce(limiter, 'users', 3)).toBe(3);
    limiter.leave('users', { ...window, remaining: 9 }, start);
    limiter.leave('users', { ...window, remaining: 90 }, start);
    limiter.leave('users', { limit: 100, remaining: 90, resetMs: start }, start);
    expect((await tries(limiter, 'users')).in).toBe(false);
  });

  it('keeps the end of a window as the first answer told it, however late the others come', async () => {
    const { limiter, clock } = setUp();
    const info = { limit: 4, remaining: 3, resetMs: start + 30_000 };
    await tries(limiter, 'users');
    limiter.leave('users', info, start);
    await tries(limiter, 'users');
    clock.advance(10_000);
    limiter.leave('users', info, start);
    const third = await tries(limiter, 'users');
    clock.advance(20_999);
    await settle();
    expect(third.in).toBe(false);
    clock.advance(1);
    await settle();
    expect(third.in).toBe(true);
  });

  it('counts for a new window only what is under way and what was just answered', async () => {
    const { limiter } = setUp();
    await tries(limiter, 'users');
    limiter.leave('users', { limit: 10, remaining: 9, resetMs: start + 30_000 }, start);
    expect(await goes(limiter, 'users', 3)).toBe(3);
    await tries(limiter, 'users');
    limiter.leave('users', { limit: 10, remaining: 9, resetMs: start + 90_000 }, start);
    expect(await goes(limiter, 'users', 20)).toBe(4);
  });

  it('goes on counting when an answer tells the window that the local clock began', async () => {
    const { limiter, clock } = setUp();
    await tries(limiter, 'users');
    limiter.leave('users', { limit: 10, remaining: 9, resetMs: start + 30_000 }, start);
    clock.advance(31_000);
    expect(await goes(limiter, 'users', 2)).toBe(2);
    await tries(limiter, 'users');
    limiter.leave('users', { limit: 10, remaining: 7, resetMs: start + 90_000 }, start + 31_000);
    expect(await goes(limiter, 'users', 20)).toBe(2);
  });

  it('learns nothing from a request without answer', async () => {
    const { limiter } = setUp();
    const info = { limit: 1_000, remaining: 999, resetMs: start + 60_000 };
    await tries(limiter, 'users');
    limiter.leave('users');
    expect(await goAtOnce(limiter, 'users', 2)).toBe(1);
    limiter.leave('users', info, undefined);
    await settle();
    expect(await goAtOnce(limiter, 'users', 1)).toBe(0);
  });

  it('goes on at full concurrency where answers tell no limit', async () => {
    const { limiter } = setUp({ concurrency: 3 });
    await tries(limiter, 'users');
    limiter.leave('users', undefined, start);
    expect(await goAtOnce(limiter, 'users', 4)).toBe(3);
  });

  it('ends the wait of a request that is aborted, at once', async () => {
    const { limiter, clock } = setUp();
    limiter.pause('users', 31_000, false);
    const stop = new AbortController();
    const waiting = limiter.enter('users', 'sweep', stop.signal);
    await settle();
    stop.abort();
    await waiting;
    expect(clock.sleepers()).toBe(0);
  });

  it('leaves nothing at the signal of a request that has waited', async () => {
    const { limiter, clock } = setUp();
    limiter.pause('users', 31_000, false);
    const { signal } = new AbortController();
    const waiting = limiter.enter('users', 'sweep', signal);
    await settle();
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    clock.advance(31_000);
    await waiting;
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
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

  it('does not hold a bucket back for ever when the local clock jumps back', async () => {
    const { limiter, clock } = setUp();
    limiter.pause('users', 31_000, false);
    clock.advance(-3_600_000);
    expect((await tries(limiter, 'users')).in).toBe(true);
  });

  it('halves what goes at once until a minute after a concurrency pause, and after no other', async () => {
    const { limiter, clock } = setUp({ concurrency: 4 });
    for (const bucket of ['a', 'b', 'c', 'd', 'e']) {
      await tries(limiter, bucket);
      limiter.leave(bucket, { limit: 1_000, remaining: 999, resetMs: start + 80_000 }, start);
    }
    const oneOfEach = async (): Promise<number> => {
      const states = [await tries(limiter, 'a'), await tries(limiter, 'b'), await tries(limiter, 'c')];
      const went = states.filter((state) => state.in).length;
      for (const bucket of ['a', 'b', 'c']) {
        limiter.leave(bucket);
        await settle();
      }
      return went;
    };
    limiter.pause('e', 6_000, false);
    expect(await oneOfEach()).toBe(3);
    limiter.pause('e', 6_000, true);
    expect(await oneOfEach()).toBe(2);
    clock.advance(65_999);
    expect(await oneOfEach()).toBe(2);
    clock.advance(1);
    expect(await oneOfEach()).toBe(3);
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
