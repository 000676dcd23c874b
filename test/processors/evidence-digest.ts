import { createHash } from 'node:crypto';

/** The digest of a reading as its definition says: the sum mod 2^128 of the SHA-256 of each `id|class`. */
export const evidenceDigest = (...evidence: readonly string[]): string => {
  const sum = evidence
    .map((text) => BigInt(`0x${createHash('sha256').update(text).digest().subarray(16).toString('hex')}`))
    .reduce((total, hash) => total + hash, 0n);
  return (sum % 2n ** 128n).toString(16).padStart(32, '0');
};
