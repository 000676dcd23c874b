import { expect, test } from 'vitest';
import { decodeBlock, encodeBlock } from '../../runtime/bus/lmdb/block.ts';

const place = { topic: 'events', partition: 1, base: 7 };
const block = {
  base: 7,
  next: 12,
  appendedAt: 1_767_225_600_000,
  records: [
    { offset: 7, key: 'acme/ключ', headers: { facts: '{"ü":1}' }, value: Buffer.from([0, 255, 128]) },
    { offset: 11, key: '', headers: {}, value: Buffer.alloc(0) },
  ],
};

test('a block is decoded as it was encoded, holes between its offsets included', () => {
  expect(decodeBlock(encodeBlock('events', 1, block), place)).toEqual(block);
});

test('a block in any other place is refused', () => {
  const bytes = encodeBlock('events', 1, block);
  for (const other of [{ topic: 'readings' }, { partition: 0 }, { base: 8 }])
    expect(() => decodeBlock(bytes, { ...place, ...other })).toThrow('damaged');
});

test('a block with any one byte changed, or cut anywhere, is refused', () => {
  const bytes = encodeBlock('events', 1, block);
  for (let at = 0; at < bytes.length; at += 1) {
    // The three bytes after the format are padding.
    if (at >= 1 && at <= 3) continue;
    const changed = Buffer.from(bytes);
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
    expect(() => decodeBlock(changed, place), `byte ${at}`).toThrow('damaged');
    expect(() => decodeBlock(bytes.subarray(0, at), place), `cut at ${at}`).toThrow('damaged');
  }
});
