import { addToDigest, emptyDigest, toDigestText, toEvidenceHash } from '../digest.ts';

/** The digest of posture evidence, id -> class, as the posture fold keeps it. */
export const toSetDigest = (evidence: ReadonlyMap<string, string>): string => {
  const digest = emptyDigest();
  for (const [id, membership] of evidence) addToDigest(digest, toEvidenceHash(`${id}|${membership}`));
  return toDigestText(digest);
};
