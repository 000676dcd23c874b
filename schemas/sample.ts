import { createHash } from 'node:crypto';

/**
 * The rank of a user in the sample: SHA-256 of `org|user id`, hexadecimal. The sample of K is the K ACTIVE users of
 * lowest rank: stable, unbiased, and known from the stream alone.
 */
export const toSampleRank = (org: string, userId: string): string =>
  createHash('sha256').update(`${org}|${userId}`).digest('hex');

/** The vendor's connector reads the app links of at most this many suspended users. */
export const suspendedUserCap = 500;
