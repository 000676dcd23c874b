import { createHash } from 'node:crypto';

const modulus = 1n << 128n;

/** SHA-256 of a piece of evidence (`id|class`), as a number below 2^128: its low 16 bytes. */
export const toEvidenceHash = (evidence: string): bigint =>
  BigInt(`0x${createHash('sha256').update(evidence).digest('hex').slice(32)}`);

/** Sums wrap at 2^128, so evidence can be added and taken away in any order. */
export const addToDigest = (digest: bigint, change: bigint): bigint => {
  const sum = (digest + change) % modulus;
  return sum < 0n ? sum + modulus : sum;
};

export const toDigestText = (digest: bigint): string => digest.toString(16).padStart(32, '0');
