import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createVirtualClock } from '../../runtime/clock.ts';
import { createBoundedCache } from '../../simulator/world/bounded-cache.ts';
import { createRandom, fromTimedUuid, toTimedUuid } from '../../simulator/world/random.ts';
import { everythingServed, parseServed, startMs, worldAt } from './read-world.ts';

const small = { historyHours: 6, eventsPerDay: 4000 };
const hash = (texts: readonly string[]): string => createHash('sha256').update(texts.join('\n')).digest('hex');
const bytesOf = (settings: Parameters<typeof worldAt>[0]) =>
  hash(everythingServed(worldAt(settings)).map(({ event }) => event.json()));

describe('a simulated world', () => {
  it('gives the same bytes for the same seed and others for another seed', () => {
    expect(bytesOf({ ...small, seed: 7 })).toBe(bytesOf({ ...small, seed: 7 }));
    expect(bytesOf({ ...small, seed: 7 })).not.toBe(bytesOf({ ...small, seed: 8 }));
  });

  it('does not depend on what was asked before, nor on how large the pages are', () => {
    const ordered = everythingServed(worldAt(small), 1000).map(({ event }) => event.json());
    const world = worldAt(small);
    world.labels(startMs - 3_600_000, startMs, startMs);
    world.posture.usersAt(startMs);
    world.persistedAfter({ ms: startMs - 600_000, n: 0 }, startMs, 10);
    const other = everythingServed(world, 7);
    expect(other.map(({ event }) => event.json())).toEqual(ordered);
  });

  it('continues after a restart from a position handed out before', () => {
    const before = worldAt(small);
    const half = before.persistedAfter({ ms: 0, n: 0 }, startMs, 300);
    const position = half.at(-1)?.position ?? { ms: 0, n: 0 };
    const later = startMs + 120_000;
    const settings = { ...small, clock: createVirtualClock(later) };
    const rest = worldAt(settings).persistedAfter(position, later, 100_000);
    const all = everythingServed(worldAt(settings)).map(({ event }) => event.uuid);
    expect([...half, ...rest].map(({ event }) => event.uuid)).toEqual(all);
  });

  it('serves in persistence order, while published runs backwards now and then', () => {
    const served = everythingServed(worldAt({ historyHours: 24 }));
    const persisted = served.map(({ persistedMs }) => persistedMs);
    expect(persisted).toEqual([...persisted].sort((a, b) => a - b));
    const backwards = served.filter(
      ({ event }, index) => event.publishedMs < (served[index - 1]?.event.publishedMs ?? 0),
    );
    expect(backwards.length).toBeGreaterThan(served.length / 50);
  });

  it('delivers some events late by seconds, a few by minutes and rare ones by up to an hour', () => {
    const delays = everythingServed(worldAt({ historyHours: 72 })).map(
      ({ event }) => event.persistedMs - event.publishedMs,
    );
    const share = (low: number, high: number) =>
      delays.filter((delay) => delay >= low && delay < high).length / delays.length;
    expect(Math.min(...delays)).toBeGreaterThan(0);
    expect(share(5000, 60_000)).toBeGreaterThan(0.02);
    expect(share(60_000, 600_000)).toBeGreaterThan(0.002);
    expect(share(600_000, 3_600_001)).toBeGreaterThan(0.0001);
    expect(share(3_600_001, Number.POSITIVE_INFINITY)).toBe(0);
  });

  it('serves a small share of events a second time, with the same bytes', () => {
    const served = everythingServed(worldAt({ historyHours: 24 }));
    const first = new Map<string, string>();
    let repeated = 0;
    for (const { event } of served) {
      const known = first.get(event.uuid);
      if (known === undefined) first.set(event.uuid, event.json());
      else {
        repeated++;
        expect(event.json()).toBe(known);
      }
    }
    expect(repeated / served.length).toBeGreaterThan(0.001);
    expect(repeated / served.length).toBeLessThan(0.01);
  });

  it.each(['idx', 'v1'] as const)('has the volume and the sizes of a real log (%s)', (engine) => {
    const sizes = everythingServed(worldAt({ engine, historyHours: 48 }))
      .map(({ event }) => Buffer.byteLength(event.json()))
      .sort((a, b) => a - b);
    expect(sizes.length / 2).toBeGreaterThan(18_000);
    expect(sizes.length / 2).toBeLessThan(22_000);
    const at = (share: number) => sizes[Math.floor(sizes.length * share)] ?? 0;
    expect(at(0.5)).toBeGreaterThan(1700);
    expect(at(0.5)).toBeLessThan(2150);
    expect(at(0.95)).toBeGreaterThan(2600);
    expect(at(0.95)).toBeLessThan(3300);
  });

  it('holds the oddities of real events: null outcomes and targets, jobs without client, unknown sessions', () => {
    const events = parseServed(worldAt({ historyHours: 24 }));
    const some = (wanted: (event: (typeof events)[number]) => boolean) => expect(events.some(wanted)).toBe(true);
    some((event) => event.outcome === null && event.target === null);
    some((event) => event.client.ipAddress === null && Object.keys(event.debugContext.debugData).length === 0);
    some((event) => event.client.zone === 'null');
    for (const start of ['102', 'idx', 'trs', 'unknown'])
      some((event) => event.authenticationContext.externalSessionId?.startsWith(start) ?? false);
    some((event) => event.authenticationContext.externalSessionId === null);
    some((event) => /reasons=[^,]+, /.test(event.debugContext.debugData.risk ?? ''));
    for (const event of events) expect(event.published).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it('lets all events of one sign-in carry the same behaviours', () => {
    const bySignIn = new Map<string, Set<string>>();
    for (const { debugContext } of parseServed(worldAt(small))) {
      const { authnRequestId, behaviors } = debugContext.debugData;
      if (authnRequestId === undefined || behaviors === undefined) continue;
      bySignIn.set(authnRequestId, (bySignIn.get(authnRequestId) ?? new Set()).add(behaviors));
    }
    expect(bySignIn.size).toBeGreaterThan(20);
    for (const maps of bySignIn.values()) expect(maps.size).toBe(1);
  });

  it('tells of every planned change of posture, and the posture has changed by then', () => {
    const world = worldAt({ historyHours: 48 });
    const types = new Set(parseServed(world).map((event) => event.eventType));
    for (const type of [
      'user.lifecycle.suspend',
      'user.mfa.factor.activate',
      'application.user_membership.add',
      'policy.rule.update',
    ]) {
      expect(types).toContain(type);
    }
    const suspended = world.posture
      .changesOfDay(Math.floor(startMs / 86_400_000) - 1)
      .filter((change) => change.eventType === 'user.lifecycle.suspend');
    for (const { atMs, person } of suspended) {
      expect(world.posture.userAt(person?.id ?? '', atMs - 1)?.status).toBe('ACTIVE');
      expect(world.posture.userAt(person?.id ?? '', atMs)?.status).toBe('SUSPENDED');
    }
    expect(suspended.length).toBeGreaterThan(0);
  });

  it('addresses months of history without holding them', () => {
    const world = worldAt({ historyHours: 90 * 24, eventsPerDay: 2000 });
    const page = world.persistedAfter({ ms: world.originMs + 86_400_000, n: 0 }, startMs, 50);
    expect(page).toHaveLength(50);
    expect(page[0]?.persistedMs).toBeLessThan(world.originMs + 86_400_000 + 3_600_000);
  });
});

describe('its tools', () => {
  it('reads back the time that a timed uuid carries', () => {
    expect(fromTimedUuid(toTimedUuid(createRandom(1), startMs))).toBe(startMs);
    expect(fromTimedUuid('7d1f16f0-8bcc-41ea-afeb-efa9a81fb877')).toBeUndefined();
  });

  it('forgets what was used longest ago once the cache is full', () => {
    const computed: number[] = [];
    const cache = createBoundedCache<number>(6, () => 2);
    const get = (key: number) => cache.get(key, (wanted) => computed.push(wanted));
    for (const key of [1, 2, 1, 3, 1, 2]) get(key);
    expect(computed).toEqual([1, 2, 3, 2]);
  });
});
