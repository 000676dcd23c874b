import { describe, expect, it } from 'vitest';
import type { IndicatorSettings } from '../../processors/indicator.ts';
import type { RecordedPosture } from '../../processors/replay/posture-replay.ts';
import { createReplay } from '../../processors/replay/replay.ts';
import { type ReplayTimes, toMinutes } from '../../processors/replay/replay-times.ts';
import { type Facts, toFacts } from '../../schemas/facts.ts';
import type { Engine } from '../../schemas/progress.ts';
import type { Reading } from '../../schemas/reading.ts';
import type { Slug } from '../../schemas/slugs.ts';
import { hourMs, minuteMs, toMinute, toTimestamp } from '../../schemas/time.ts';
import { ago, event, noon, type OktaEvent } from './events.ts';

const settings: IndicatorSettings = { org: 'recording', userSampleCap: 2_000, velocityNames: [] };
const nobody: RecordedPosture = { users: [], policies: [], sweeps: [], newestMs: undefined };
const pushes = 'okta_failed_mfa_push_24h';

const denial = (atMs: number, uuid?: string): OktaEvent =>
  event('user.mfa.okta_verify.deny_push', atMs, uuid === undefined ? {} : { uuid });

const factsOf = (one: OktaEvent): Facts => {
  const outcome = toFacts(one);
  if (!outcome.ok) throw new Error(outcome.reason);
  return outcome.facts;
};

const replay = (
  events: readonly OktaEvent[],
  times: ReplayTimes,
  options: { sorted?: boolean; engine?: Engine; posture?: RecordedPosture } = {},
): { readings: readonly Reading[]; inOrder: boolean } => {
  const { sorted = false, engine = 'unknown', posture = nobody } = options;
  const run = createReplay({ settings, engine, times, sorted });
  const inOrder = events.every((one) => run.event(factsOf(one)));
  return { readings: run.finish(posture), inOrder };
};

const of = (slug: Slug, readings: readonly Reading[]) => readings.filter((reading) => reading.slug === slug);
const valuesOf = (slug: Slug, readings: readonly Reading[]) =>
  of(slug, readings).map(({ asOf, draxis }) => [asOf.slice(0, 16), draxis.value]);

describe('a replay', () => {
  it('reads all seven at the minute of the last event, rounded up, unless told otherwise', () => {
    const { readings } = replay([denial(ago({ hours: 25 })), denial(noon + 1)], { kind: 'last' });
    expect(readings).toHaveLength(7);
    expect(new Set(readings.map(({ asOf }) => asOf))).toEqual(new Set([toTimestamp(noon + minuteMs)]));
    expect(valuesOf(pushes, readings)).toEqual([['2026-03-10T12:01', 1]]);
  });

  it('reads the minutes that are named, before, between and after the events, each once', () => {
    const minutes = [ago({ hours: 30 }), ago({ hours: 2 }), ago({ hours: 2 }), noon + 23 * hourMs].map(toMinute);
    const { readings } = replay([denial(ago({ hours: 3 })), denial(noon)], { kind: 'at', minutes });
    expect(valuesOf(pushes, readings)).toEqual([
      ['2026-03-09T06:00', 0],
      ['2026-03-10T10:00', 1],
      ['2026-03-11T11:00', 1],
    ]);
  });

  it('reads at every step of the grid and at the last event', () => {
    const events = [denial(ago({ hours: 2, minutes: 30 })), denial(ago({ minutes: 10 }))];
    const { readings } = replay(events, { kind: 'every', minutes: 60 });
    expect(valuesOf(pushes, readings)).toEqual([
      ['2026-03-10T10:00', 1],
      ['2026-03-10T11:00', 1],
      ['2026-03-10T11:50', 2],
    ]);
  });

  it('counts an event that is there twice once', () => {
    const { readings } = replay([denial(noon, 'same'), denial(noon, 'same')], { kind: 'last' });
    expect(valuesOf(pushes, readings)).toEqual([['2026-03-10T12:00', 1]]);
  });

  it('does not mind events that are out of order by less than two days', () => {
    const events = [denial(ago({ hours: 1 })), denial(ago({ hours: 47 })), denial(noon), denial(ago({ hours: 20 }))];
    const shuffled = replay(events, { kind: 'every', minutes: 60 });
    const ordered = replay(
      [...events].sort((a, b) => (a.published < b.published ? -1 : 1)),
      { kind: 'every', minutes: 60 },
    );
    expect(shuffled.inOrder).toBe(true);
    expect(shuffled.readings.map(({ version, ...reading }) => reading)).toEqual(
      ordered.readings.map(({ version, ...reading }) => reading),
    );
    expect(valuesOf(pushes, shuffled.readings).at(-1)).toEqual(['2026-03-10T12:00', 3]);
  });

  it('refuses what is farther back, and then sorts: newest first gives the same readings', () => {
    const events = Array.from({ length: 30 }, (_, day) => denial(ago({ days: day, hours: day % 5 })));
    expect(replay(events, { kind: 'every', minutes: 1_440 }).inOrder).toBe(false);
    const newestFirst = replay(events, { kind: 'every', minutes: 1_440 }, { sorted: true });
    const oldestFirst = replay([...events].reverse(), { kind: 'every', minutes: 1_440 });
    expect(oldestFirst.inOrder).toBe(true);
    expect(valuesOf(pushes, newestFirst.readings)).toEqual(valuesOf(pushes, oldestFirst.readings));
    expect(valuesOf(pushes, newestFirst.readings).length).toBeGreaterThan(28);
  });

  it('lets an event that matters to no KRI decide about the first and the last minute, sorted or not', () => {
    const events = [event('app.other', noon), denial(ago({ hours: 1 })), event('app.other', ago({ hours: 4 }))];
    for (const sorted of [false, true]) {
      const { readings } = replay(events, { kind: 'every', minutes: 120 }, { sorted });
      expect(valuesOf(pushes, readings)).toEqual([
        ['2026-03-10T08:00', 0],
        ['2026-03-10T10:00', 0],
        ['2026-03-10T12:00', 1],
      ]);
    }
  });

  it('takes the engine from whoever runs it', () => {
    const [reading] = of(pushes, replay([event('app.other', noon)], { kind: 'last' }, { engine: 'idx' }).readings);
    expect(reading?.draxis).toMatchObject({ status: 'unknown', reason: 'engine', value: null });
  });
});

describe('a record that could not be used', () => {
  const statuses = (feed: (run: ReturnType<typeof createReplay>) => void, times: ReplayTimes = { kind: 'last' }) => {
    const run = createReplay({ settings, engine: 'unknown', times, sorted: false });
    feed(run);
    return of(pushes, run.finish(nobody)).map(({ draxis }) => draxis.reason ?? draxis.status);
  };
  const good = factsOf(denial(noon));

  it('makes the windows that lack it partial, and no others', () => {
    const times: ReplayTimes = { kind: 'at', minutes: [ago({ hours: 2 }), noon, noon + 30 * hourMs].map(toMinute) };
    expect(
      statuses((run) => {
        run.event(good);
        run.deadLetter(ago({ hours: 1 }));
      }, times),
    ).toEqual(['ok', 'dead letters', 'ok']);
  });

  it('counts where it was met when it has no date', () => {
    const after = statuses((run) => {
      run.event(good);
      run.deadLetter(undefined);
    });
    const before = statuses((run) => {
      run.deadLetter(undefined);
      run.event(good);
    });
    expect([after, before]).toEqual([['dead letters'], ['dead letters']]);
  });
});

describe('posture of a recording', () => {
  const user = { kind: 'user', id: '00u1', status: 'ACTIVE', observedAt: toTimestamp(0) };
  const factors = {
    kind: 'factors',
    id: '00u1',
    factors: [{ factorType: 'webauthn', provider: 'FIDO', status: 'ACTIVE' }],
    observedAt: toTimestamp(0),
  };

  it('is the same at each minute, and without events the log is unknown and not 0', () => {
    const posture: RecordedPosture = {
      users: [user, factors],
      policies: [],
      sweeps: ['users', 'factors'],
      newestMs: noon - 1,
    };
    const { readings } = replay([], { kind: 'last' }, { posture });
    expect(of('okta_mfa_adoption_pct', readings)).toMatchObject([
      { asOf: toTimestamp(noon), draxis: { value: 100, numerator: 1, denominator: 1, status: 'ok' } },
    ]);
    expect(of(pushes, readings)).toMatchObject([{ draxis: { value: null, status: 'unknown', reason: 'no data' } }]);
    const twice = replay([], { kind: 'at', minutes: [toMinute(noon), toMinute(noon) + 5] }, { posture });
    expect(of('okta_phish_resistant_mfa_pct', twice.readings).map(({ draxis }) => draxis.value)).toEqual([100, 100]);
  });

  it('that was not given is unknown for want of data, since no sweep will come', () => {
    const { readings } = replay([denial(noon)], { kind: 'last' });
    for (const slug of ['okta_mfa_adoption_pct', 'okta_app_policy_exceptions'] as const) {
      expect(of(slug, readings)).toMatchObject([
        { draxis: { status: 'unknown', reason: 'no data' }, corrected: { status: 'unknown', reason: 'no data' } },
      ]);
    }
  });

  it('of nothing at all gives no readings', () => {
    expect(replay([], { kind: 'last' }).readings).toEqual([]);
  });
});

describe('the minutes of a replay', () => {
  it('are ascending and without repeats when named', () => {
    expect(toMinutes({ kind: 'at', minutes: [9, 3, 9] }, 1, 5)).toEqual([3, 9]);
  });

  it('begin with the first step that is not before the first event, and end with the last event', () => {
    expect(toMinutes({ kind: 'every', minutes: 10 }, 20, 40)).toEqual([20, 30, 40]);
    expect(toMinutes({ kind: 'every', minutes: 10 }, 21, 45)).toEqual([30, 40, 45]);
  });
});
