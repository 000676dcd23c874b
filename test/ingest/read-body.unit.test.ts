import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readBody } from '../../ingest/okta/read-body.ts';

async function* stream(...parts: (string | Buffer)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part);
}

describe('readBody', () => {
  it('joins the chunks', async () => {
    const read = await readBody(stream('[1', ',2]'), { 'content-length': '5' }, 100);
    expect(read).toEqual({ ok: true, body: Buffer.from('[1,2]') });
  });

  it('refuses a body that is not as long as announced, although what came is JSON', async () => {
    const read = await readBody(stream('[]'), { 'content-length': '5' }, 100);
    expect(read).toEqual({ ok: false, problem: expect.stringContaining('2 of 5 bytes') });
  });

  it('takes a body of just its most bytes, and none of one more', async () => {
    expect(await readBody(stream('1234', '5'), {}, 5)).toMatchObject({ ok: true });
    expect(await readBody(stream('1234', '56'), {}, 5)).toEqual({
      ok: false,
      problem: expect.stringContaining('larger than 5 bytes'),
    });
  });

  it('takes the encodings "identity" and "x-gzip" for what they are', async () => {
    const body = Buffer.from('[1]');
    expect(await readBody(stream(body), { 'content-encoding': 'identity' }, 100)).toEqual({ ok: true, body });
    expect(await readBody(stream(gzipSync(body)), { 'content-encoding': 'x-gzip' }, 100)).toEqual({ ok: true, body });
  });

  it('unpacks gzip, and refuses one that is cut, that unpacks to too much, or another encoding', async () => {
    const packed = gzipSync('x'.repeat(1_000));
    const headers = { 'content-encoding': 'gzip' };
    expect(await readBody(stream(packed), headers, 1_000)).toEqual({ ok: true, body: Buffer.from('x'.repeat(1_000)) });
    const damaged = { ok: false, problem: expect.stringContaining('gzip') };
    expect(await readBody(stream(packed.subarray(0, -9)), headers, 1_000)).toEqual(damaged);
    expect(await readBody(stream(packed), headers, 999)).toEqual(damaged);
    expect(await readBody(stream(packed), { 'content-encoding': 'br' }, 1_000)).toEqual({
      ok: false,
      problem: expect.stringContaining('unknown way'),
    });
  });
});
