const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const isBlank = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/**
 * The bytes of each element of a top-level JSON array, blanks around it cut off, as views of `bytes`. One linear scan
 * that knows strings, escapes and depth, without recursion: it finds the boundaries in any valid JSON array and leaves
 * validation to JSON.parse, which the caller runs once for the page. Returns undefined when the text is no array or
 * ends within one.
 */
export const cutArray = (bytes: Buffer): readonly Buffer[] | undefined => {
  const length = bytes.length;
  let at = 0;
  while (at < length && isBlank(bytes[at])) at += 1;
  if (bytes[at] !== 0x5b) return undefined;
  at += 1;
  const elements: Buffer[] = [];
  let start = at;
  let depth = 0;
  const cut = (end: number): boolean => {
    let from = start;
    let to = end;
    while (from < to && isBlank(bytes[from])) from += 1;
    while (to > from && isBlank(bytes[to - 1])) to -= 1;
    if (from < to) elements.push(bytes.subarray(from, to));
    return from < to;
  };
  for (; at < length; at += 1) {
    const byte = bytes[at];
    if (byte === quote) {
      at = endOfString(bytes, at);
      if (at < 0) return undefined;
    } else if (byte === 0x7b || byte === 0x5b) depth += 1;
    else if (byte === 0x7d) depth -= 1;
    else if (byte === 0x5d) {
      if (depth > 0) depth -= 1;
      else {
        const any = cut(at);
        return any || elements.length === 0 ? elements : undefined;
      }
    } else if (byte === comma && depth === 0) {
      if (!cut(at)) return undefined;
      start = at + 1;
    }
  }
  return undefined;
};

/** The index of the quote that ends the string at `open`, or -1. `indexOf` is native, so long strings cost little. */
const endOfString = (bytes: Buffer, open: number): number => {
  let at = open;
  for (;;) {
    at = bytes.indexOf(quote, at + 1);
    if (at < 0) return -1;
    let slashes = 0;
    while (bytes[at - 1 - slashes] === backslash) slashes += 1;
    if (slashes % 2 === 0) return at;
  }
};
