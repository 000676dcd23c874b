import { addToDigest, toDigestText, toEvidenceHash } from '../digest.ts';

/** The digest of posture evidence, id -> class, as the posture fold keeps it. */
export const toSetDigest = (evidence: ReadonlyMap<string, string>): string => {
  let digest = 0n;
  for (const [id, membership] of evidence) digest = addToDigest(digest, toEvidenceHash(`${id}|${membership}`));
  return toDigestText(digest);
};
