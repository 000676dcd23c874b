/**
 * Random numbers that are a function of their key: `createRandom(seed, 'minute', 27)` gives the same stream on every
 * machine and in every order of calls, which is what lets the world be generated lazily and resumed.
 */
export interface Random {
  /** In [0, 1). */
  next(): number;
  /** A whole number in [0, limit). */
  below(limit: number): number;
  /** In [low, high). */
  between(low: number, high: number): number;
  chance(probability: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
  /** `length` characters of the alphabet. */
  text(length: number, alphabet: string): string;
}

const base62 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const hexadecimal = '0123456789abcdef';

/** cyrb128: four well mixed 32-bit words from a string. */
const toWords = (key: string): [number, number, number, number] => {
  let a = 1779033703;
  let b = 3144134277;
  let c = 1013904242;
  let d = 2773480762;
  for (let index = 0; index < key.length; index++) {
    const code = key.charCodeAt(index);
    a = b ^ Math.imul(a ^ code, 597399067);
    b = c ^ Math.imul(b ^ code, 2869860233);
    c = d ^ Math.imul(c ^ code, 951274213);
    d = a ^ Math.imul(d ^ code, 2716044179);
  }
  a = Math.imul(c ^ (a >>> 18), 597399067);
  b = Math.imul(d ^ (b >>> 22), 2869860233);
  c = Math.imul(a ^ (c >>> 17), 951274213);
  d = Math.imul(b ^ (d >>> 19), 2716044179);
  return [a ^ b ^ c ^ d, b ^ a, c ^ a, d ^ a];
};

/** sfc32, seeded by the joined key. */
export const createRandom = (...key: readonly (string | number)[]): Random => {
  let [a, b, c, d] = toWords(key.join('/'));
  const next = (): number => {
    const sum = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return (sum >>> 0) / 4294967296;
  };
  for (let round = 0; round < 8; round++) next();
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    next,
    below,
    between: (low, high) => low + next() * (high - low),
    chance: (probability) => next() < probability,
    pick: (items) => {
      const item = items[below(items.length)];
      if (item === undefined) throw new Error('cannot pick from an empty list');
      return item;
    },
    text: (length, alphabet) => {
      // One draw of 32 bits pays for as many characters as it has room for.
      const perDraw = Math.floor(32 / Math.log2(alphabet.length));
      let text = '';
      for (let left = length; left > 0; left -= perDraw) {
        let digits = Math.floor(next() * alphabet.length ** perDraw);
        for (let index = Math.min(left, perDraw); index > 0; index--) {
          text += alphabet[digits % alphabet.length];
          digits = Math.floor(digits / alphabet.length);
        }
      }
      return text;
    },
  };
};

/** An Okta id: a type prefix such as `00u` and letters up to 20 characters. */
export const toOktaId = (random: Random, prefix: string): string => prefix + random.text(20 - prefix.length, base62);

/** A session id: `102…` (session), `trs…` (transient), `idx…` (Identity Engine), 25 characters. */
export const toSessionId = (random: Random, prefix: '102' | 'trs' | 'idx'): string => prefix + random.text(22, base62);

export const toHex = (random: Random, length: number): string => random.text(length, hexadecimal);

/** A request or transaction id of a Classic org: 27 characters in which `@` and `-` occur. */
export const toRequestId = (random: Random): string => `X${random.text(17, `${base62}@-`)}AAA${random.text(6, base62)}`;

const gregorianOffsetMs = 12_219_292_800_000;

/** A version 1 uuid, as the System Log uses: its time field is the event's own time. */
export const toTimedUuid = (random: Random, publishedMs: number): string => {
  const ticks = BigInt(publishedMs + gregorianOffsetMs) * 10_000n + BigInt(random.below(10_000));
  const hex = ticks.toString(16).padStart(15, '0');
  const variant = '89ab'[random.below(4)] ?? '8';
  return `${hex.slice(7)}-${hex.slice(3, 7)}-1${hex.slice(0, 3)}-${variant}${toHex(random, 3)}-${toHex(random, 12)}`;
};

/** The published time that `toTimedUuid` wrote into a uuid, in milliseconds; undefined for any other text. */
export const fromTimedUuid = (uuid: string): number | undefined => {
  const parts = /^([0-9a-f]{8})-([0-9a-f]{4})-1([0-9a-f]{3})-[0-9a-f]{4}-[0-9a-f]{12}$/.exec(uuid);
  if (parts === null) return undefined;
  return Number(BigInt(`0x${parts[3]}${parts[2]}${parts[1]}`) / 10_000n) - gregorianOffsetMs;
};
