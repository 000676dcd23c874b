import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

const unzip = promisify(gunzip);

export type BodyOutcome =
  | { readonly ok: true; readonly body: Buffer }
  | { readonly ok: false; readonly problem: string };

/**
 * Reads a whole response body, at most `maxBytes` of it on the wire and unpacked. A body that is shorter than its
 * Content-Length, or a gzip that is cut, is a problem and never a shorter page. Throws what the connection throws.
 */
export const readBody = async (
  stream: AsyncIterable<Uint8Array>,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  maxBytes: number,
): Promise<BodyOutcome> => {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > maxBytes) return { ok: false, problem: `the answer is larger than ${maxBytes} bytes` };
    chunks.push(chunk);
  }
  const raw = Buffer.concat(chunks, size);
  const announced = headers['content-length'];
  if (typeof announced === 'string' && Number(announced) !== size) {
    return { ok: false, problem: `the answer has ${size} of ${announced} bytes` };
  }
  const encoding = headers['content-encoding'];
  if (encoding === undefined || encoding === 'identity') return { ok: true, body: raw };
  if (encoding !== 'gzip' && encoding !== 'x-gzip')
    return { ok: false, problem: 'the answer is packed in an unknown way' };
  try {
    return { ok: true, body: await unzip(raw, { maxOutputLength: maxBytes }) };
  } catch {
    return { ok: false, problem: 'the gzip of the answer is cut, damaged or too large' };
  }
};
