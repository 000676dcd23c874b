import { describe, expect, it } from 'vitest';
import { matters } from '../../processors/replay/log-replay.ts';
import { minuteMs } from '../../schemas/time.ts';
import { adminAccess, ago, event, noon, type OktaEvent, signIn, signOut } from './events.ts';
import { factsOf } from './given.ts';
import { denial, pushes, replay, settings, valuesOf } from './replayed.ts';

describe('an event out of order', () => {
  const minute = { minutes: 1 };
  const accepts = (...events: readonly OktaEvent[]) => replay(events, { kind: 'last' }).inOrder;

  it('is accepted up to two days before the first one', () => {
    expect(accepts(denial(noon), denial(ago({ days: 2 })))).toBe(true);
    expect(accepts(denial(noon), denial(ago({ days: 2, ...minute })))).toBe(false);
  });

  it('is accepted up to two days before the newest one', () => {
    const before = [denial(ago({ days: 10 })), denial(noon)];
    expect(accepts(...before, denial(ago({ days: 2 })))).toBe(true);
    expect(accepts(...before, denial(ago({ days: 2, ...minute })))).toBe(false);
  });

  it('is accepted for up to an hour longer, since minutes are passed an hour at a time', () => {
    const oldest = denial(ago({ days: 2 }));
    expect(accepts(denial(noon), denial(noon + 59 * minuteMs), oldest)).toBe(true);
    expect(accepts(denial(noon), denial(noon + 60 * minuteMs), oldest)).toBe(false);
  });
});

describe('a sorted replay', () => {
  it('ends with the latest event, also where it is neither the last nor one that matters', () => {
    const events = [event('app.other', ago({ hours: 4 })), event('app.other', noon), denial(ago({ hours: 1 }))];
    const { readings } = replay(events, { kind: 'every', minutes: 120 }, { sorted: true });
    expect(valuesOf(pushes, readings)).toEqual([
      ['2026-03-10T08:00', 0],
      ['2026-03-10T10:00', 0],
      ['2026-03-10T12:00', 1],
    ]);
  });

  it('gives the same of events of one moment, in whatever order they come', () => {
    const parts = { transaction: 'tx-same', session: '102a' };
    const events = [
      signIn(noon, '{Velocity=POSITIVE}', { ...parts, uuid: 'b' }),
      signIn(noon, '{Velocity=NEGATIVE}', { ...parts, uuid: 'a' }),
      adminAccess(noon, '102a', { uuid: 'd' }),
      signOut(noon, '102a', { uuid: 'c' }),
      denial(noon, 'f'),
      denial(noon, 'e'),
    ];
    const [forwards, backwards] = [events, [...events].reverse()].map(
      (some) => replay(some, { kind: 'last' }, { sorted: true }).readings,
    );
    expect(forwards).toEqual(backwards);
  });

  it('holds only events that a KRI reads', () => {
    const reads = (one: OktaEvent) => matters(factsOf(one), settings);
    expect([denial(noon), signIn(noon, '{Velocity=POSITIVE}'), adminAccess(noon, '102a')].map(reads)).toEqual([
      true,
      true,
      true,
    ]);
    expect(reads(event('app.other', noon))).toBe(false);
  });
});
