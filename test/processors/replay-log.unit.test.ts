import { describe, expect, it } from 'vitest';
import { createReplay } from '../../processors/replay/replay.ts';
import type { ReplayTimes } from '../../processors/replay/replay-times.ts';
import { hourMs, minuteMs, toMinute, toTimestamp } from '../../schemas/time.ts';
import { ago, event, noon } from './events.ts';
import { factsOf } from './given.ts';
import { denial, nobody, pushes, readingsOf, replay, settings, valuesOf } from './replayed.ts';

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
    const [reading] = readingsOf(
      pushes,
      replay([event('app.other', noon)], { kind: 'last' }, { engine: 'idx' }).readings,
    );
    expect(reading?.draxis).toMatchObject({ status: 'unknown', reason: 'engine', value: null });
  });

  it('gives the readings by minute, and those of a minute in the order in which people read them', () => {
    const minutes = [ago({ hours: 2 }), noon].map(toMinute);
    const { readings } = replay([denial(ago({ hours: 3 })), denial(noon)], { kind: 'at', minutes });
    const slugs = [
      'okta_mfa_adoption_pct',
      'okta_phish_resistant_mfa_pct',
      'okta_inactive_users_with_app_access',
      'okta_impossible_travel_24h',
      'okta_admin_session_outliers_24h',
      'okta_failed_mfa_push_24h',
      'okta_app_policy_exceptions',
    ];
    expect(readings.map(({ asOf, slug }) => [asOf, slug])).toEqual(
      [ago({ hours: 2 }), noon].flatMap((time) => slugs.map((slug) => [toTimestamp(time), slug])),
    );
  });

  it('counts everything before the first event as read, and nothing as lacking', () => {
    const { readings } = replay([denial(ago({ days: 3 })), denial(noon)], { kind: 'every', minutes: 720 });
    for (const slug of [pushes, 'okta_impossible_travel_24h', 'okta_admin_session_outliers_24h'] as const) {
      for (const { draxis, corrected } of readingsOf(slug, readings)) {
        expect([draxis.coverage, corrected.coverage]).toEqual([1, 1]);
      }
    }
    expect(new Set(readingsOf(pushes, readings).map(({ draxis }) => draxis.status))).toEqual(new Set(['ok']));
  });
});

describe('a replay of many days', () => {
  it('reads the grid from the first event on, also where a later one was fed before it', () => {
    const events = [denial(noon), denial(ago({ hours: 20 })), denial(noon + 96 * hourMs)];
    const { readings } = replay(events, { kind: 'every', minutes: 720 });
    expect(valuesOf(pushes, readings)).toEqual([
      ['2026-03-10T00:00', 1],
      ['2026-03-10T12:00', 2],
      ['2026-03-11T00:00', 1],
      ['2026-03-11T12:00', 0],
      ['2026-03-12T00:00', 0],
      ['2026-03-12T12:00', 0],
      ['2026-03-13T00:00', 0],
      ['2026-03-13T12:00', 0],
      ['2026-03-14T00:00', 0],
      ['2026-03-14T12:00', 1],
    ]);
  });

  it('begins the grid with the first event where that is on it', () => {
    const onGrid = Date.parse('2026-03-12T00:00:00.000Z');
    const events = [denial(onGrid), denial(onGrid + 96 * hourMs)];
    expect(valuesOf(pushes, replay(events, { kind: 'every', minutes: 2_880 }).readings)).toEqual([
      ['2026-03-12T00:00', 1],
      ['2026-03-14T00:00', 0],
      ['2026-03-16T00:00', 1],
    ]);
  });

  it('reads named minutes that it has gone past, and one long before the first event', () => {
    const minutes = [ago({ days: 15 }), ago({ days: 10 }), noon].map(toMinute);
    const { readings } = replay([denial(ago({ days: 10 })), denial(noon)], { kind: 'at', minutes });
    expect(valuesOf(pushes, readings)).toEqual([
      ['2026-02-23T12:00', 0],
      ['2026-02-28T12:00', 1],
      ['2026-03-10T12:00', 1],
    ]);
  });

  it('numbers its readings upwards as it goes on', () => {
    const { readings } = replay([denial(ago({ days: 10 })), denial(noon)], { kind: 'every', minutes: 1_440 });
    const versions = readingsOf(pushes, readings).map(({ version }) => BigInt(version));
    expect(versions[0]).toBeGreaterThan(0n);
    expect(versions).toEqual([...versions].sort((a, b) => (a < b ? -1 : 1)));
    expect(new Set(versions).size).toBeGreaterThan(1);
  });
});

describe('a record that could not be used', () => {
  const statuses = (feed: (run: ReturnType<typeof createReplay>) => void, times: ReplayTimes = { kind: 'last' }) => {
    const run = createReplay({ settings, engine: 'unknown', times, sorted: false });
    feed(run);
    return readingsOf(pushes, run.finish(nobody)).map(({ draxis }) => draxis.reason ?? draxis.status);
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

  it('counts at its own date, whatever was met before it', () => {
    const minutes = [ago({ hours: 4 }), ago({ hours: 2 }), noon, noon + 23 * hourMs].map(toMinute);
    expect(
      statuses(
        (run) => {
          run.event(good);
          run.deadLetter(ago({ hours: 3 }));
        },
        { kind: 'at', minutes },
      ),
    ).toEqual(['ok', 'dead letters', 'dead letters', 'ok']);
  });
});
