import { crc32 } from 'node:zlib';

/**
 * Entries as text: a line each, the key, a tab, the value, both as JSON, in which neither tabs nor line ends occur.
 * A line can be made from values that are JSON already, and read without parsing the whole.
 */
const toLine = (key: string, json: string): string => `${JSON.stringify(key)}\t${json}\n`;

/** Small enough that neither side stops for it: some tens of milliseconds a chunk. */
const chunkLength = 4 * 2 ** 20;

/** The entries in pieces of about 4 MB, of whole lines, made one by one as they are asked for; at least one. */
export function* toChunks(entries: Iterable<readonly [string, string]>): Generator<string> {
  let lines: string[] = [];
  let length = 0;
  let given = 0;
  for (const [key, json] of entries) {
    const line = toLine(key, json);
    if (length > 0 && length + line.length > chunkLength) {
      yield lines.join('');
      given += 1;
      lines = [];
      length = 0;
    }
    lines.push(line);
    length += line.length;
  }
  if (length > 0 || given === 0) yield lines.join('');
}

/** The entries of one chunk, values still as JSON. Throws when it is no such text. */
export const parseChunk = (text: string): [string, string][] =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const tab = line.indexOf('\t');
      if (tab < 0) throw new Error('A line of a saved state has no value.');
      return [JSON.parse(line.slice(0, tab)) as string, line.slice(tab + 1)];
    });

/** Which piece of which state a text is. */
export interface ChunkPlace {
  readonly name: string;
  readonly partition: number;
  readonly generation: bigint;
  readonly offset: number;
  readonly chunk: number;
  /** How many chunks the state has, told by its last one; 0 in the others. */
  readonly chunks: number;
}

/** Over the text and over where it belongs, so that a piece that stands in another one's place does not pass for it. */
export const checksumOf = (place: ChunkPlace, text: string): number => {
  const { name, partition, generation, offset, chunk, chunks } = place;
  return crc32(text, crc32(`${name}/${partition}/${generation}/${offset}/${chunk}/${chunks}`));
};
