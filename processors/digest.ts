import { hash } from 'node:crypto';

/**
 * A number modulo 2^128 as four 32-bit integers, the lowest first. Of bigints, the sums that every event is in would be
 * made and thrown away by the million.
 */
export type Digest = [number, number, number, number];

export const emptyDigest = (): Digest => [0, 0, 0, 0];

export const isSameDigest = (a: Digest, b: Digest): boolean =>
  a[0] === b[0] && a[1] === b[1] && a[2] === b[2] && a[3] === b[3];

export const isEmptyDigest = (digest: Digest): boolean =>
  digest[0] === 0 && digest[1] === 0 && digest[2] === 0 && digest[3] === 0;

const limbOf = (bytes: string, at: number): number =>
  (bytes.charCodeAt(at) << 24) |
  (bytes.charCodeAt(at + 1) << 16) |
  (bytes.charCodeAt(at + 2) << 8) |
  bytes.charCodeAt(at + 3);

/** SHA-256 of a piece of evidence (`id|class`), as a number below 2^128: its low 16 bytes. */
export const toEvidenceHash = (evidence: string): Digest => {
  // One character a byte: a Buffer costs more than the hash itself.
  const bytes = hash('sha256', evidence, 'binary');
  return [limbOf(bytes, 28), limbOf(bytes, 24), limbOf(bytes, 20), limbOf(bytes, 16)];
};

/** Adds to a digest in place, or takes away. Sums wrap at 2^128, so evidence can come and go in any order. */
export const addToDigest = (digest: Digest, change: Digest, sign: 1 | -1 = 1): void => {
  // a - b is a + ~b + 1.
  const flip = sign === 1 ? 0 : -1;
  let carry = sign === 1 ? 0 : 1;
  for (let limb = 0; limb < 4; limb += 1) {
    const sum = ((digest[limb] ?? 0) >>> 0) + (((change[limb] ?? 0) ^ flip) >>> 0) + carry;
    digest[limb] = sum | 0;
    carry = sum > 0xffff_ffff ? 1 : 0;
  }
};

const emptyText = '0'.repeat(32);

const toHex = (limb: number): string => (limb >>> 0).toString(16).padStart(8, '0');

export const toDigestText = (digest: Digest): string =>
  isEmptyDigest(digest) ? emptyText : toHex(digest[3]) + toHex(digest[2]) + toHex(digest[1]) + toHex(digest[0]);
