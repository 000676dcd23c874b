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
    expect(await readBody(stream('[]'), { 'content-length': '5' }, 100)).toMatchObject({ ok: false });
  });

  it('unpacks gzip, and refuses one that is cut, that unpacks to too much, or another encoding', async () => {
    const packed = gzipSync('x'.repeat(1_000));
    const headers = { 'content-encoding': 'gzip' };
    expect(await readBody(stream(packed), headers, 1_000)).toEqual({ ok: true, body: Buffer.from('x'.repeat(1_000)) });
    expect(await readBody(stream(packed.subarray(0, -9)), headers, 1_000)).toMatchObject({ ok: false });
    expect(await readBody(stream(packed), headers, 999)).toMatchObject({ ok: false });
    expect(await readBody(stream(packed), { 'content-encoding': 'br' }, 1_000)).toMatchObject({ ok: false });
  });
});
