import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { AppError } from '../../runtime/errors.ts';

/** A line longer than this is cut: it is no event, and memory has a bound. What is left is not JSON and so is noticed. */
const longestLineBytes = 16 * 2 ** 20;
const lineFeed = 0x0a;
/** Some hundred events at once: a small chunk costs more in streaming than in reading. */
const chunkBytes = 2 ** 20;

export interface RecordedLine {
  readonly bytes: Buffer;
  /** Counted from 1; of a JSON array, the number of the element. */
  readonly line: number;
}

const toReadError = (path: string, error: unknown): AppError => {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  if (code === 'ENOENT' || code === 'EISDIR' || code === 'EACCES') {
    return new AppError('data-invalid', `${path} cannot be read (${code}).`, {
      hint: 'Give the path of a readable file: NDJSON or a JSON array, as it is or packed with gzip.',
      cause: error,
    });
  }
  return new AppError('data-invalid', `${path} is cut or damaged (${code ?? 'unknown'}).`, {
    hint: 'Check the file with `gzip -t`, or fetch it again.',
    cause: error,
  });
};

/** The bytes of a file, unpacked when they begin with gzip's magic number, whatever the name says. */
export async function* readChunks(path: string): AsyncGenerator<Buffer> {
  try {
    // Looked at and put back, not read twice: the file may be a pipe.
    const raw = createReadStream(path, { highWaterMark: chunkBytes });
    await once(raw, 'readable');
    const head: Buffer | null = raw.read();
    if (head !== null) raw.unshift(head);
    if (head?.[0] !== 0x1f || head[1] !== 0x8b) {
      yield* raw as AsyncIterable<Buffer>;
      return;
    }
    const unpacked = createGunzip();
    raw.on('error', (error) => unpacked.destroy(error));
    yield* raw.pipe(unpacked) as AsyncIterable<Buffer>;
  } catch (error) {
    throw toReadError(path, error);
  }
}

const isBlank = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x0d || byte === 0x09;

const trim = (bytes: Buffer): Buffer => {
  let from = 0;
  let to = bytes.length;
  while (from < to && isBlank(bytes[from])) from += 1;
  while (to > from && isBlank(bytes[to - 1])) to -= 1;
  return bytes.subarray(from, to);
};

/**
 * The non-blank lines of a stream, one batch a chunk, in memory bounded by a chunk and a line. Splits on the byte 0x0a,
 * which UTF-8 uses for nothing else; CR before it goes, and the last line needs no line end.
 */
export async function* splitLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<RecordedLine[]> {
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  let line = 0;
  const keep = (part: Buffer): void => {
    if (part.length === 0 || pendingBytes >= longestLineBytes) return;
    pending.push(part);
    pendingBytes += part.length;
  };
  const take = (batch: RecordedLine[]): void => {
    line += 1;
    const bytes = trim(pending.length === 1 ? (pending[0] as Buffer) : Buffer.concat(pending));
    if (bytes.length > 0) batch.push({ bytes, line });
    pending = [];
    pendingBytes = 0;
  };
  for await (const chunk of chunks) {
    const batch: RecordedLine[] = [];
    let from = 0;
    for (let at = chunk.indexOf(lineFeed); at >= 0; at = chunk.indexOf(lineFeed, from)) {
      keep(chunk.subarray(from, at));
      take(batch);
      from = at + 1;
    }
    keep(chunk.subarray(from));
    if (batch.length > 0) yield batch;
  }
  const rest: RecordedLine[] = [];
  take(rest);
  if (rest.length > 0) yield rest;
}
