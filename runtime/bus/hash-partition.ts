import { createHash } from 'node:crypto';

/** The partition of an org: from its name alone, so that every process and every run has the same. */
export const hashPartition = (org: string, partitions: number): number =>
  createHash('sha256').update(org).digest().readUInt32BE(0) % partitions;
