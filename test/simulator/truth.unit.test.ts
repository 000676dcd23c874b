import { describe, expect, it } from 'vitest';
import { createVirtualClock } from '../../runtime/clock.ts';
import { truthAt, type World } from '../../simulator/index.ts';
import { createInjection } from '../../simulator/injection.ts';
import { parseServed, startMs, type WireEvent, worldAt } from './read-world.ts';

const hourMs = 3_600_000;

/** The three log KRIs counted from the bytes that were served: what the labels must agree with. */
const countFromBytes = (events: readonly WireEvent[], atMs: number) => {
  const time = (event: WireEvent) => Date.parse(event.published);
  const window = events.filter((event) => time(event) > atMs - 24 * hourMs && time(event) <= atMs);
  const text = (event: WireEvent) => event.debugContext.debugData.behaviors ?? '';
  const logged = (event: WireEvent): Record<string, string> =>
    JSON.parse(event.debugContext.debugData.logOnlySecurityData ?? '{}').behaviors ?? {};
  const positive = (event: WireEvent) =>
    /velocity[^=]*=POSITIVE/i.test(text(event)) ||
    Object.entries(logged(event)).some(([name, result]) => /velocity/i.test(name) && result === 'POSITIVE') ||
    (event.securityContext.userBehaviors ?? []).some(
      ({ name, result }) => /velocity/i.test(name) && result === 'POSITIVE',
    );
  const usable = (id: string | null | undefined) =>
    id === null || id === undefined || id === '' || id === 'unknown' ? undefined : id;
  const signIn = (event: WireEvent) =>
    usable(event.debugContext.debugData.authnRequestId) ??
    usable(event.transaction.id) ??
    usable(event.authenticationContext.externalSessionId) ??
    event.uuid;

  const pairable = (id: string | null | undefined) => (usable(id)?.startsWith('trs') ? undefined : usable(id));
  const bySession = (
    source: readonly WireEvent[],
    type: string,
    id: (event: WireEvent) => string | null | undefined,
  ) => {
    const times = new Map<string, number[]>();
    for (const event of source) {
      const session = event.eventType === type ? pairable(id(event)) : undefined;
      if (session !== undefined) times.set(session, [...(times.get(session) ?? []), time(event)]);
    }
    return times;
  };
  const own = (event: WireEvent) => event.authenticationContext.externalSessionId;
  const starts = bySession(window, 'user.session.access_admin_app', own);
  const ends = bySession(window, 'user.session.end', own);
  let batch = 0;
  for (const [session, begun] of starts) {
    const ended = ends.get(session);
    if (ended !== undefined && Math.min(...ended) - Math.min(...begun) > 8 * hourMs) batch++;
  }
  const past = events.filter((event) => time(event) <= atMs && time(event) > atMs - 8 * 24 * hourMs);
  const users = new Map(
    past
      .filter((event) => event.eventType === 'user.session.access_admin_app')
      .map((event) => [own(event) ?? '', event.actor.id]),
  );
  const allEnds = bySession(past, 'user.session.end', own);
  const named = bySession(past, 'user.session.end', (event) => event.debugContext.debugData.endedSessionId);
  const clears = past.filter((event) => event.eventType === 'user.session.clear');
  let corrected = 0;
  for (const [session, begun] of bySession(past, 'user.session.access_admin_app', own)) {
    const start = Math.min(...begun);
    const cleared = clears
      .filter((event) => event.target?.some(({ type, id }) => type === 'User' && id === users.get(session)))
      .map(time);
    const candidates = [...(allEnds.get(session) ?? []), ...(named.get(session) ?? []), ...cleared].filter(
      (end) => end >= start,
    );
    const end = Math.min(...candidates);
    if (candidates.length > 0 && end > atMs - 24 * hourMs && end - start > 8 * hourMs) corrected++;
  }
  const denied = window.filter((event) => event.eventType === 'user.mfa.okta_verify.deny_push').length;
  const engineDenied = window.filter(
    (event) =>
      event.eventType === 'user.authentication.auth_via_mfa' &&
      event.outcome?.result === 'FAILURE' &&
      event.debugContext.debugData.pushOnlyResponseType === 'OV_RESPONSE_DENY',
  ).length;
  return {
    travel: [
      window.filter((event) => /velocity/i.test(text(event))).length,
      new Set(window.filter(positive).map(signIn)).size,
    ],
    sessions: [batch, corrected],
    push: [denied, denied + engineDenied],
  };
};

const logTruth = (world: World, atMs: number) => {
  const truth = truthAt(world, atMs);
  const pair = (slug: keyof typeof truth) => [truth[slug].draxis.numerator, truth[slug].corrected.numerator];
  return {
    travel: pair('okta_impossible_travel_24h'),
    sessions: pair('okta_admin_session_outliers_24h'),
    push: pair('okta_failed_mfa_push_24h'),
  };
};

describe('the truth', () => {
  it.each([
    ['idx', 11],
    ['v1', 12],
  ] as const)('agrees, for the log, with a count over the bytes that were served (%s, seed %i)', (engine, seed) => {
    const world = worldAt({ engine, seed, historyHours: 96, eventsPerDay: 3000 });
    const events = parseServed(world);
    for (let back = 0; back < 48 * 60; back += 61) {
      const atMs = startMs - back * 60_000;
      expect(logTruth(world, atMs), new Date(atMs).toISOString()).toEqual(countFromBytes(events, atMs));
    }
  });

  it.each(['idx', 'v1'] as const)('is zero for no KRI that its engine can show, whatever the seed (%s)', (engine) => {
    for (let seed = 1; seed <= 5; seed++) {
      const truth = truthAt(worldAt({ engine, seed }), startMs);
      for (const [slug, { draxis, corrected }] of Object.entries(truth)) {
        const classicPolicies = engine === 'v1' && slug === 'okta_app_policy_exceptions';
        const enginePush = engine === 'idx' && slug === 'okta_failed_mfa_push_24h';
        if (classicPolicies) continue;
        expect(corrected.numerator, `${slug}, seed ${seed}`).toBeGreaterThan(0);
        if (enginePush) expect(draxis.numerator).toBe(0);
        else expect(draxis.numerator, `${slug}, seed ${seed}`).toBeGreaterThan(0);
      }
    }
  });

  it('tells the two definitions apart', () => {
    const truth = truthAt(worldAt(), startMs);
    const differing = Object.entries(truth).filter(
      ([, { draxis, corrected }]) => draxis.numerator !== corrected.numerator,
    );
    expect(differing.map(([slug]) => slug).sort()).toEqual([
      'okta_admin_session_outliers_24h',
      'okta_app_policy_exceptions',
      'okta_failed_mfa_push_24h',
      'okta_impossible_travel_24h',
      'okta_mfa_adoption_pct',
      'okta_phish_resistant_mfa_pct',
    ]);
    expect(truth.okta_mfa_adoption_pct.draxis.numerator).toBeGreaterThan(
      truth.okta_mfa_adoption_pct.corrected.numerator,
    );
    expect(truth.okta_impossible_travel_24h.draxis.numerator).toBeGreaterThan(
      100 * truth.okta_impossible_travel_24h.corrected.numerator,
    );
  });

  it('counts only what the log has served by a given time', () => {
    const world = worldAt({ clock: createVirtualClock(startMs + 2 * hourMs), historyHours: 24, eventsPerDay: 5000 });
    const travel = (atMs: number, persistedByMs?: number) =>
      truthAt(world, atMs, persistedByMs === undefined ? {} : { persistedByMs }).okta_impossible_travel_24h.draxis
        .numerator;
    const minutes = Array.from({ length: 30 }, (_, index) => startMs - index * 60_000);
    const late = minutes.reduce((sum, atMs) => sum + travel(atMs, atMs), 0);
    const all = minutes.reduce((sum, atMs) => sum + travel(atMs), 0);
    expect(all).toBeGreaterThan(late);
  });

  it('counts an event from its own minute until exactly 24 hours later', () => {
    const world = worldAt({
      engine: 'v1',
      historyHours: 48,
      eventsPerDay: 500,
      clock: createVirtualClock(startMs + 48 * hourMs),
    });
    const denials = (atMs: number) => truthAt(world, atMs).okta_failed_mfa_push_24h.draxis.numerator;
    const times = [startMs - 60_000, startMs, startMs + 24 * hourMs - 60_000, startMs + 24 * hourMs];
    const before = times.map(denials);
    createInjection(world).event({ published: new Date(startMs).toISOString() }, [
      { kind: 'push_denial_classic', user: '00u' },
    ]);
    expect(times.map(denials).map((count, index) => count - (before[index] ?? 0))).toEqual([0, 1, 1, 0]);
  });

  it('moves with the posture', () => {
    const world = worldAt({ historyHours: 14 * 24, eventsPerDay: 500 });
    const figures = [0, 7, 13].map((days) =>
      JSON.stringify(truthAt(world, world.originMs + days * 24 * hourMs).okta_mfa_adoption_pct),
    );
    expect(new Set(figures).size).toBe(3);
    const rules = [0, 13].map((days) =>
      JSON.stringify(truthAt(world, world.originMs + days * 24 * hourMs).okta_app_policy_exceptions),
    );
    expect(new Set(rules).size).toBe(2);
  });
});
