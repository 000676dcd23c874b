import { hash } from 'node:crypto';

const digestBits = 128;

/** SHA-256 of a piece of evidence (`id|class`), as a number below 2^128: its low 16 bytes. */
export const toEvidenceHash = (evidence: string): bigint => BigInt(`0x${hash('sha256', evidence, 'hex').slice(32)}`);

/** Sums wrap at 2^128, so evidence can be added and taken away in any order. */
export const addToDigest = (digest: bigint, change: bigint): bigint => BigInt.asUintN(digestBits, digest + change);

export const toDigestText = (digest: bigint): string => digest.toString(16).padStart(32, '0');
