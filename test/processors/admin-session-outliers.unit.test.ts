import { describe, expect, test } from 'vitest';
import { adminSessionOutliers } from '../../processors/indicators/admin-session-outliers.ts';
import { adminAccess, ago, clearSessions, event, noon, signOut } from './events.ts';
import { evidenceDigest } from './evidence-digest.ts';
import { type Expected, given, newestAt, progressAt, readingsOf, type Step } from './given.ts';

const expectSessions = (steps: readonly Step[], expected: Expected, atMs = noon) =>
  given(steps).expect(adminSessionOutliers, expected, atMs);

const quiet = { starts: 0, closed: 0, unmatched_ends: 0, open_now: 0, open_over_8h: 0, longest_minutes: null };

describe('admin session outliers', () => {
  test('a session of more than 8 h within the window counts by both definitions', () => {
    expectSessions([adminAccess(ago({ hours: 12 }), '102a'), signOut(ago({ hours: 1 }), '102a')], {
      draxis: 1,
      corrected: 1,
      measures: { ...quiet, starts: 1, closed: 1, longest_minutes: 660 },
    });
  });

  test('a session of exactly 8 h is none, one of 8 h and 1 ms is', () => {
    expectSessions([adminAccess(ago({ hours: 9 }), '102a'), signOut(ago({ hours: 1 }), '102a')], {
      draxis: 0,
      corrected: 0,
      measures: { closed: 1, longest_minutes: 480 },
    });
    expectSessions([adminAccess(ago({ hours: 9, ms: 1 }), '102a'), signOut(ago({ hours: 1 }), '102a')], {
      draxis: 1,
      corrected: 1,
      measures: { closed: 1, longest_minutes: 480 },
    });
  });

  test('no event reads as 0', () => {
    expectSessions([], { draxis: 0, corrected: 0, measures: quiet });
  });

  test('a sign-out of somebody who entered no Admin Console closes nothing', () => {
    expectSessions(
      [event('user.session.start', ago({ hours: 20 }), { session: '102a' }), signOut(ago({ hours: 1 }), '102a')],
      {
        draxis: 0,
        corrected: 0,
        measures: { ...quiet, unmatched_ends: 1 },
      },
    );
  });

  test('of several starts in a session the first counts', () => {
    const starts = [9, 5, 2].map((hours) => adminAccess(ago({ hours, minutes: 1 }), '102a'));
    expectSessions([...starts, signOut(ago({ hours: 1 }), '102a')], {
      draxis: 1,
      corrected: 1,
      measures: { starts: 1, closed: 1, longest_minutes: 481 },
    });
  });

  test('of several ends the first after the start counts', () => {
    const ends = [3, 1].map((hours) => signOut(ago({ hours }), '102a'));
    expectSessions([adminAccess(ago({ hours: 10 }), '102a'), ...ends], {
      draxis: 0,
      corrected: 0,
      measures: { closed: 1, unmatched_ends: 0, longest_minutes: 420 },
    });
  });

  test.each([null, '', 'unknown', 'trsAbc123'])('ids of %j never pair', (id) => {
    expectSessions([adminAccess(ago({ hours: 12 }), id), signOut(ago({ hours: 1 }), id)], {
      draxis: 0,
      corrected: 0,
      measures: quiet,
    });
    expectSessions(
      [
        adminAccess(ago({ hours: 12 }), '102a'),
        signOut(ago({ hours: 1 }), null, { debugData: { endedSessionId: id } }),
      ],
      {
        measures: { closed: 0, open_now: 1 },
      },
    );
  });

  test('two sessions do not close one another', () => {
    expectSessions([adminAccess(ago({ hours: 12 }), '102a'), signOut(ago({ hours: 1 }), '102b')], {
      draxis: 0,
      corrected: 0,
      measures: { starts: 1, closed: 0, unmatched_ends: 1, open_now: 1, open_over_8h: 1 },
    });
  });

  test('an end before the start closes nothing', () => {
    expectSessions([signOut(ago({ hours: 12 }), '102a'), adminAccess(ago({ hours: 1 }), '102a')], {
      draxis: 0,
      corrected: 0,
      measures: { starts: 1, closed: 0, unmatched_ends: 1, open_now: 1 },
    });
  });

  test('an end in the same millisecond closes a session of no length', () => {
    expectSessions([adminAccess(ago({ hours: 1 }), '102a'), signOut(ago({ hours: 1 }), '102a')], {
      corrected: 0,
      measures: { closed: 1, unmatched_ends: 0, open_now: 0, longest_minutes: 0 },
    });
  });

  test('a session that began before the window counts by the corrected definition only', () => {
    expectSessions([adminAccess(ago({ hours: 30 }), '102a'), signOut(ago({ hours: 1 }), '102a')], {
      draxis: 0,
      corrected: 1,
      measures: { starts: 0, closed: 1, longest_minutes: 29 * 60 },
    });
  });

  test('a session may last 7 days to the millisecond', () => {
    const end = signOut(ago({ hours: 1 }), '102a');
    expectSessions([adminAccess(ago({ days: 7, hours: 1 }), '102a'), end], {
      corrected: 1,
      measures: { closed: 1, unmatched_ends: 0, longest_minutes: 7 * 24 * 60 },
    });
    expectSessions([adminAccess(ago({ days: 7, hours: 1, ms: 1 }), '102a'), end], {
      corrected: 0,
      measures: { closed: 0, unmatched_ends: 1, open_now: 0, longest_minutes: null },
    });
  });

  test('a start that is too old leaves its end to the next one', () => {
    expectSessions(
      [
        adminAccess(ago({ days: 8 }), '102a'),
        adminAccess(ago({ days: 2 }), '102a'),
        signOut(ago({ hours: 1 }), '102a'),
      ],
      { corrected: 1, measures: { closed: 1, longest_minutes: 47 * 60 } },
    );
  });

  test('the end is in the window at t = T and t = T - 24 h + 1 ms, and not at t = T - 24 h', () => {
    const endingAt = (atMs: number) => [adminAccess(atMs - 9 * 3_600_000, '102a'), signOut(atMs, '102a')];
    expectSessions(endingAt(noon), { draxis: 1, corrected: 1, measures: { closed: 1, open_now: 0 } });
    expectSessions(endingAt(ago({ hours: 24, ms: -1 })), { draxis: 0, corrected: 1, measures: { closed: 1 } });
    expectSessions(endingAt(ago({ hours: 24 })), { corrected: 0, measures: { closed: 0, longest_minutes: null } });
  });

  test('the start is in the draxis window at t = T - 24 h + 1 ms and not at t = T - 24 h', () => {
    const end = signOut(ago({ hours: 1 }), '102a');
    expectSessions([adminAccess(ago({ hours: 24, ms: -1 }), '102a'), end], { draxis: 1, measures: { starts: 1 } });
    expectSessions([adminAccess(ago({ hours: 24 }), '102a'), end], { draxis: 0, measures: { starts: 0 } });
  });

  test('the draxis rule takes the first start that is in the window', () => {
    const end = signOut(ago({ hours: 1 }), '102a');
    const early = adminAccess(ago({ hours: 25 }), '102a');
    expectSessions([early, adminAccess(ago({ hours: 23 }), '102a'), end], { draxis: 1, corrected: 1 });
    expectSessions([early, adminAccess(ago({ hours: 2 }), '102a'), end], { draxis: 0, corrected: 1 });
  });

  describe('a session that never ends', () => {
    test('is open for 7 days, and over 8 h from then on', () => {
      const start = [adminAccess(noon, '102a')];
      const openAt = (steps: readonly Step[]) => (open_now: number, open_over_8h: number) =>
        expectSessions(steps, { draxis: 0, corrected: 0, measures: { open_now, open_over_8h, closed: 0 } });
      openAt(start)(1, 0);
      openAt([adminAccess(noon + 1, '102a')])(0, 0);
      openAt([adminAccess(ago({ hours: 8 }), '102a')])(1, 0);
      openAt([adminAccess(ago({ hours: 8, ms: 1 }), '102a')])(1, 1);
      openAt([adminAccess(ago({ days: 7, ms: -1 }), '102a')])(1, 1);
      openAt([adminAccess(ago({ days: 7 }), '102a')])(0, 0);
    });

    test('is one session however often the Admin Console is entered', () => {
      expectSessions(
        [20, 10, 1].map((hours) => adminAccess(ago({ hours }), '102a')),
        {
          measures: { starts: 1, open_now: 1, open_over_8h: 1 },
        },
      );
    });

    test('is open until the minute of its end', () => {
      const start = adminAccess(ago({ hours: 9 }), '102a');
      expectSessions([start, signOut(noon + 1, '102a')], { measures: { open_now: 1, open_over_8h: 1, closed: 0 } });
      expectSessions([start, signOut(noon, '102a')], { measures: { open_now: 0, open_over_8h: 0, closed: 1 } });
    });
  });

  test('an id that comes back after its end is another session', () => {
    expectSessions(
      [
        adminAccess(ago({ hours: 23 }), '102a'),
        signOut(ago({ hours: 22 }), '102a'),
        adminAccess(ago({ hours: 10 }), '102a'),
        signOut(ago({ hours: 1 }), '102a'),
      ],
      { corrected: 1, measures: { closed: 2, open_now: 0, longest_minutes: 540 } },
    );
  });

  test('a start in the millisecond of an end is closed by it, and by no later one', () => {
    const startMs = ago({ hours: 12 });
    expectSessions([adminAccess(startMs, '102a'), signOut(startMs, '102a'), signOut(ago({ hours: 1 }), '102a')], {
      corrected: 0,
      measures: { closed: 1, longest_minutes: 0 },
    });
  });

  test('two sessions of one id that last the same and end in the same minute are two', () => {
    const at = (ms: number) => [adminAccess(ago({ hours: 1 }) - ms, '102a'), signOut(ago({ hours: 1 }) - ms, '102a')];
    expectSessions([...at(1000), ...at(0)], { measures: { closed: 2, longest_minutes: 0 } });
  });

  describe('ends that Okta logs in other ways', () => {
    test('endedSessionId ends a session for the corrected definition only', () => {
      const debugData = { endedSessionId: '102a' };
      expectSessions([adminAccess(ago({ hours: 12 }), '102a'), signOut(ago({ hours: 1 }), '102other', { debugData })], {
        draxis: 0,
        corrected: 1,
        measures: { closed: 1, open_now: 0, unmatched_ends: 1 },
      });
      expectSessions([adminAccess(ago({ hours: 12 }), '102a'), signOut(ago({ hours: 1 }), '102a', { debugData })], {
        draxis: 1,
        corrected: 1,
        measures: { closed: 1, unmatched_ends: 0 },
      });
    });

    test('a clear ends the sessions of its target user, not those of others nor of the admin who did it', () => {
      expectSessions(
        [
          adminAccess(ago({ hours: 12 }), '102a', { actor: '00uada' }),
          adminAccess(ago({ hours: 11 }), '102b', { actor: '00uada' }),
          adminAccess(ago({ hours: 12 }), '102c', { actor: '00ubob' }),
          adminAccess(ago({ hours: 12 }), '102boss', { actor: '00uboss' }),
          clearSessions(ago({ hours: 1 }), '00uada'),
        ],
        { draxis: 0, corrected: 2, measures: { closed: 2, open_now: 2, unmatched_ends: 0, longest_minutes: 660 } },
      );
    });

    test('a clear that arrives before the start that it ends counts', () => {
      expectSessions([clearSessions(ago({ hours: 1 }), '00uada'), adminAccess(ago({ hours: 12 }), '102a')], {
        corrected: 1,
        measures: { closed: 1, open_now: 0 },
      });
    });

    test('a clear before the start leaves the session open, and is no unmatched end', () => {
      expectSessions([clearSessions(ago({ hours: 12 }), '00uada'), adminAccess(ago({ hours: 1 }), '102a')], {
        corrected: 0,
        measures: { closed: 0, open_now: 1, unmatched_ends: 0 },
      });
    });

    test('a clear before the start that arrives after it is no unmatched end either', () => {
      expectSessions([adminAccess(ago({ hours: 1 }), '102a'), clearSessions(ago({ hours: 12 }), '00uada')], {
        corrected: 0,
        measures: { closed: 0, open_now: 1, unmatched_ends: 0 },
      });
    });

    test('a clear of something that is no user, or of an unknown one, ends nothing', () => {
      const start = adminAccess(ago({ hours: 12 }), '102a', { actor: 'unknown' });
      const target = [
        { type: 'AppInstance', id: '00uada' },
        { type: 'User', id: 'unknown' },
      ];
      expectSessions(
        [start, adminAccess(ago({ hours: 12 }), '102b'), clearSessions(ago({ hours: 1 }), '', { target })],
        {
          corrected: 0,
          measures: { open_now: 2 },
        },
      );
    });

    test('a clear of several users ends the sessions of each', () => {
      const target = ['00uada', '00ubob', '00uada'].map((id) => ({ type: 'User', id }));
      expectSessions(
        [
          adminAccess(ago({ hours: 12 }), '102a', { actor: '00uada' }),
          adminAccess(ago({ hours: 12 }), '102b', { actor: '00ubob' }),
          clearSessions(ago({ hours: 1 }), '', { target }),
        ],
        { corrected: 2, measures: { closed: 2, open_now: 0 } },
      );
    });
  });

  describe('late events', () => {
    const start = adminAccess(ago({ hours: 12 }), '102a');
    const end = signOut(ago({ hours: 1 }), '102a');

    test('a late end closes a session that was read as open', () => {
      expectSessions([start, progressAt(noon), end, progressAt(noon + 60_000)], {
        draxis: 1,
        corrected: 1,
        measures: { closed: 1, open_now: 0, open_over_8h: 0 },
      });
    });

    test('a late start makes a session of an end that was read as unmatched', () => {
      expectSessions([end, progressAt(noon), start, progressAt(noon + 60_000)], {
        draxis: 1,
        corrected: 1,
        measures: { starts: 1, closed: 1, unmatched_ends: 0 },
      });
    });

    test('a late earlier end takes the outlier back', () => {
      expectSessions([start, end, progressAt(noon), signOut(ago({ hours: 11 }), '102a'), progressAt(noon + 60_000)], {
        draxis: 0,
        corrected: 0,
        measures: { closed: 1, longest_minutes: 60 },
      });
    });

    test('a late earlier start makes an outlier of a short session', () => {
      expectSessions(
        [adminAccess(ago({ hours: 2 }), '102a'), end, progressAt(noon), start, progressAt(noon + 60_000)],
        { draxis: 1, corrected: 1, measures: { longest_minutes: 660 } },
      );
    });

    test('a late clear and its late start meet', () => {
      expectSessions([progressAt(noon), clearSessions(ago({ hours: 1 }), '00uada'), start, progressAt(noon + 60_000)], {
        draxis: 0,
        corrected: 1,
        measures: { closed: 1, open_now: 0 },
      });
    });
  });

  test('the digest is of each outlier, from its start to its end, with the definition that it is in', () => {
    const digestOf = (...steps: Step[]) =>
      newestAt(readingsOf([...steps, progressAt(noon)]), adminSessionOutliers.slug, noon)?.digest;
    const endMs = ago({ hours: 1 });
    const end = signOut(endMs, '102a');
    const startMs = ago({ hours: 12 });
    expect(digestOf(adminAccess(ago({ hours: 2 }), '102a'), end)).toBe(evidenceDigest());
    expect(digestOf(adminAccess(startMs, '102a'), end)).toBe(
      evidenceDigest(`session/102a|${startMs}|${endMs}|1000`, `session/102a|${startMs}|${endMs}|0010`),
    );
    const earlyMs = ago({ hours: 30 });
    expect(digestOf(adminAccess(earlyMs, '102a'), end)).toBe(evidenceDigest(`session/102a|${earlyMs}|${endMs}|0010`));
  });
});
