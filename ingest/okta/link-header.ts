/**
 * The target of the link with relation `next`, or undefined. Takes one header, several, or several joined by commas
 * (RFC 8288): Okta sends `self` and `next` as two headers and proxies join them. URLs inside <> may hold commas and
 * semicolons, parameters may be quoted, so the text is scanned rather than split.
 */
export const nextLink = (header: string | readonly string[] | undefined): string | undefined => {
  if (header === undefined) return undefined;
  for (const text of typeof header === 'string' ? [header] : header) {
    const found = nextOf(text);
    if (found !== undefined) return found;
  }
  return undefined;
};

const nextOf = (text: string): string | undefined => {
  let at = 0;
  for (;;) {
    const open = text.indexOf('<', at);
    if (open < 0) return undefined;
    const close = text.indexOf('>', open);
    if (close < 0) return undefined;
    const end = endOfValue(text, close + 1);
    if (hasNextRelation(text.slice(close + 1, end))) return text.slice(open + 1, close);
    at = end + 1;
  }
};

/** The index of the comma that ends a link's parameters, outside quotes. */
const endOfValue = (text: string, from: number): number => {
  let quoted = false;
  for (let at = from; at < text.length; at += 1) {
    const character = text[at];
    if (quoted && character === '\\') at += 1;
    else if (character === '"') quoted = !quoted;
    else if (character === ',' && !quoted) return at;
  }
  return text.length;
};

const parameter = /;\s*([^\s=;,"]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^\s;,"]*))?/gy;

/** A relation may be a quoted list (`rel="prev next"`); the first rel parameter counts. */
const hasNextRelation = (parameters: string): boolean => {
  for (const [, name, value = ''] of parameters.trimStart().matchAll(parameter)) {
    if (name?.toLowerCase() !== 'rel') continue;
    return value.replaceAll('"', '').toLowerCase().split(/\s/).includes('next');
  }
  return false;
};
