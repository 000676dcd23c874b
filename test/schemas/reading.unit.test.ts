import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { offsetOfVersion, readingKey, toPercentage, toVersion } from '../../schemas/reading.ts';

describe('a percentage', () => {
  test.each<[number, number, number]>([
    [0, 1, 0],
    [1, 1, 100],
    [1, 3, 33.3],
    [2, 3, 66.7],
    [1, 16, 6.3],
    [1, 2000, 0.1],
    [1, 2001, 0],
    [1999, 2000, 100],
    [1998, 2000, 99.9],
    [5, 1000, 0.5],
    [1, 8, 12.5],
    [7, 1_000_000, 0],
  ])('of %i in %i is %f', (numerator, denominator, percentage) => {
    expect(toPercentage(numerator, denominator)).toBe(percentage);
  });

  test('of nobody is undefined', () => {
    expect(toPercentage(0, 0)).toBeUndefined();
  });

  test('is rounded half up to one decimal, exactly', () => {
    const shares = fc
      .tuple(fc.integer({ min: 0, max: 2_000_000 }), fc.integer({ min: 1, max: 2_000_000 }))
      .map(([a, b]): [number, number] => (a <= b ? [a, b] : [b, a]))
      .filter(([, denominator]) => denominator > 0);
    fc.assert(
      fc.property(shares, ([numerator, denominator]) => {
        const [n, d] = [BigInt(numerator), BigInt(denominator)];
        // The tenths t with t - 1/2 <= 1000 n / d < t + 1/2.
        const tenths = BigInt(Math.round((toPercentage(numerator, denominator) ?? -1) * 10));
        expect((2n * tenths - 1n) * d <= 2000n * n && 2000n * n < (2n * tenths + 1n) * d).toBe(true);
      }),
    );
  });
});

describe('a version', () => {
  test('is the epoch above 48 bits of offset, and larger than a number holds', () => {
    expect(toVersion(0, 0)).toBe('0');
    expect(toVersion(0, 41)).toBe('41');
    expect(toVersion(1, 0)).toBe('281474976710656');
    expect(toVersion(100_000, 2 ** 47)).toBe(((100_000n << 48n) + (1n << 47n)).toString());
  });

  test('tells the offset that it rests on, whatever its epoch', () => {
    expect(offsetOfVersion(toVersion(0, 41))).toBe(41);
    expect(offsetOfVersion(toVersion(7, 2 ** 48 - 1))).toBe(2 ** 48 - 1);
  });

  test('of a later epoch is higher than any of an earlier one', () => {
    expect(BigInt(toVersion(1, 0)) > BigInt(toVersion(0, 2 ** 48 - 1))).toBe(true);
  });
});

test('the key of a reading names the org, the indicator and T', () => {
  expect(readingKey('acme', 'okta_mfa_adoption_pct', '2026-03-10T12:00:00.000Z')).toBe(
    'acme/okta_mfa_adoption_pct/2026-03-10T12:00:00.000Z',
  );
});
