import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  addToDigest,
  type Digest,
  emptyDigest,
  isEmptyDigest,
  isSameDigest,
  toDigestText,
  toEvidenceHash,
} from '../../processors/digest.ts';
import { evidenceDigest } from './evidence-digest.ts';

const modulus = 2n ** 128n;
const toDigest = (value: bigint): Digest =>
  [0n, 32n, 64n, 96n].map((shift) => Number(BigInt.asIntN(32, value >> shift))) as Digest;
const toText = (value: bigint): string => (((value % modulus) + modulus) % modulus).toString(16).padStart(32, '0');

/** Carries and borrows are where sums of four parts go wrong, so many bits are alike. */
const value = fc.oneof(
  fc.bigInt({ min: 0n, max: modulus - 1n }),
  fc.constantFrom(0n, 1n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 64n - 1n, 2n ** 96n, modulus - 2n ** 32n, modulus - 1n),
);

test('digests add and subtract modulo 2^128, as whole numbers do', () => {
  fc.assert(
    fc.property(value, value, (a, b) => {
      const sum = toDigest(a);
      addToDigest(sum, toDigest(b));
      expect(toDigestText(sum)).toBe(toText(a + b));
      addToDigest(sum, toDigest(b), -1);
      expect(isSameDigest(sum, toDigest(a))).toBe(true);
      addToDigest(sum, toDigest(b), -1);
      expect(toDigestText(sum)).toBe(toText(a - b));
      addToDigest(sum, sum, -1);
      expect(isEmptyDigest(sum)).toBe(true);
      expect(isSameDigest(toDigest(a), toDigest(b))).toBe(a === b);
      expect(isEmptyDigest(toDigest(a))).toBe(a === 0n);
    }),
  );
});

test('evidence counts with the low half of its SHA-256, whatever its text holds', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 5 }), (evidence) => {
      const digest = emptyDigest();
      for (const text of evidence) addToDigest(digest, toEvidenceHash(text));
      expect(toDigestText(digest)).toBe(evidenceDigest(...evidence));
    }),
  );
});
