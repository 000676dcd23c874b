import { createHash } from 'node:crypto';

/**
 * The partition of an org where partitions are fewer than orgs: the first four bytes of the SHA-256 of its name, big end
 * first, modulo the number of partitions. Every process and any other producer gets the same, so it must never change.
 */
export const hashPartition = (org: string, partitions: number): number =>
  createHash('sha256').update(org).digest().readUInt32BE(0) % partitions;
