import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { minuteToMs, parseTimestamp, passedMinute, toMinute, toTimestamp } from '../../schemas/time.ts';

describe('a timestamp', () => {
  test.each<[string, number]>([
    ['1970-01-01T00:00:00.000Z', 0],
    ['2026-03-10T12:00:00.123Z', 1773144000123],
    ['2026-03-10T12:00:00Z', 1773144000000],
    ['2026-03-10T12:00:00.1Z', 1773144000100],
    ['2026-03-10T12:00:00.123999999Z', 1773144000123],
    ['2024-02-29T00:00:00.000Z', Date.UTC(2024, 1, 29)],
    ['2026-12-31T23:59:59.999Z', Date.UTC(2027, 0, 1) - 1],
  ])('%s is a moment', (text, ms) => {
    expect(parseTimestamp(text)).toBe(ms);
  });

  test.each([
    '2026-09-31T00:00:00.000Z',
    '2026-02-29T00:00:00.000Z',
    '2026-13-01T00:00:00.000Z',
    '2026-00-10T00:00:00.000Z',
    '2026-01-00T00:00:00.000Z',
    '2026-01-01T24:00:00.000Z',
    '2026-01-01T00:60:00.000Z',
    '2026-01-01T00:00:60.000Z',
    '2026-01-01T00:00:00.000+00:00',
    '2026-01-01T00:00:00.000',
    '2026-01-01 00:00:00.000Z',
    '2026-01-01',
    '2026-01-01T00:00:00.0000000000Z',
    ' 2026-01-01T00:00:00.000Z',
    '2026-01-01T00:00:00.000Z\n',
    '+002026-01-01T00:00:00.000Z',
    '',
    1773144000123,
    null,
    undefined,
    new Date(0),
  ])('%j is none', (value) => {
    expect(parseTimestamp(value)).toBeUndefined();
  });

  test('survives being written and read', () => {
    const years = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) });
    fc.assert(
      fc.property(years, (ms) => {
        expect(parseTimestamp(toTimestamp(ms))).toBe(ms);
      }),
    );
  });
});

describe('minutes', () => {
  test('an event at exactly T belongs to T, and one a millisecond later to the next minute', () => {
    expect(toMinute(120_000)).toBe(2);
    expect(toMinute(120_001)).toBe(3);
    expect(toMinute(119_999)).toBe(2);
  });

  test('an asOf has passed the last whole minute before it', () => {
    expect(passedMinute(120_000)).toBe(2);
    expect(passedMinute(179_999)).toBe(2);
    expect(minuteToMs(2)).toBe(120_000);
  });
});
