import { AppError } from '../../runtime/errors.ts';
import { cutArray } from '../json-array.ts';
import { type RecordedLine, readChunks, splitLines } from './read-lines.ts';

const mostArrayBytes = 2 ** 30;
const batchElements = 1_000;
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

/** The stream without its byte order mark, and its first byte that is no blank. */
const peek = async (
  chunks: AsyncIterator<Buffer>,
): Promise<{ readonly first: number | undefined; readonly head: Buffer }> => {
  let head = Buffer.alloc(0);
  for (;;) {
    const next = await chunks.next();
    if (next.done !== true) head = Buffer.concat([head, next.value]);
    if (head.length < 3 && next.done !== true) continue;
    if (head.subarray(0, 3).equals(byteOrderMark)) head = head.subarray(3);
    const first = head.find((byte) => byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d);
    if (first !== undefined || next.done === true) return { first, head };
  }
};

async function* resume(head: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

/** A JSON array must be whole before its elements count, so it is read into memory; NDJSON of any size is not. */
const readArray = async (path: string, chunks: AsyncIterable<Buffer>): Promise<readonly Buffer[]> => {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > mostArrayBytes) {
      throw new AppError('data-invalid', `${path} is a JSON array of more than ${mostArrayBytes} bytes.`, {
        hint: "Turn it into NDJSON, one event a line: jq -c '.[]'.",
      });
    }
    parts.push(chunk);
  }
  const elements = cutArray(Buffer.concat(parts, size));
  if (elements !== undefined) return elements;
  throw new AppError('data-invalid', `${path} begins like a JSON array and is none, or is cut.`, {
    hint: 'Give a whole JSON array, or NDJSON: one object a line.',
  });
};

/**
 * The recorded events of a file, in its order and in batches: NDJSON or a JSON array, plain or gzip, with or without
 * BOM, CRLF, blank lines. Bytes are the event's own; nothing is parsed or checked, so that the caller sends what is no
 * event to dead letters with its line. Throws `data-invalid` for a file that cannot be read, is cut, or is half an array.
 */
export async function* readEvents(path: string): AsyncGenerator<RecordedLine[]> {
  const chunks = readChunks(path);
  const { first, head } = await peek(chunks);
  const all = resume(head, chunks);
  if (first !== 0x5b) {
    yield* splitLines(all);
    return;
  }
  const elements = await readArray(path, all);
  for (let from = 0; from < elements.length; from += batchElements) {
    yield elements.slice(from, from + batchElements).map((bytes, index) => ({ bytes, line: from + index + 1 }));
  }
}
