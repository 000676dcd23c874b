/**
 * What looks like a secret, wherever it stands in a text: an Okta token (00 and 40 more characters), a Draxis access
 * token, the value of an Authorization header, a JSON web token, the password of a URL.
 */
const secretShapes: readonly RegExp[] = [
  /\b(?:SSWS|Bearer|DPoP|Basic)\s+[^\s"',;]+/gi,
  /drx_pat_[^\s"',;]+/g,
  /(?<![A-Za-z0-9_-])00[A-Za-z0-9_-]{40}(?![A-Za-z0-9_-])/g,
  /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/g,
  /(?<=:\/\/)[^\s/@"']+(?=@)/g,
];

/** The text with everything that looks like a secret, and each of the known values, replaced by `***`. */
export const maskSecrets = (text: string, known: readonly string[] = []): string => {
  let masked = text;
  for (const value of known) if (value.length >= 4) masked = masked.replaceAll(value, '***');
  for (const shape of secretShapes) masked = masked.replace(shape, '***');
  return masked;
};

export const looksLikeSecret = (text: string): boolean => maskSecrets(text) !== text;
