import { describe, expect, it } from 'vitest';
import { createRowBinaryWriter, type RowBinaryWriter } from '../../../sinks/clickhouse/row-binary.ts';

const written = (write: (writer: RowBinaryWriter) => void, initialBytes?: number): string => {
  const writer = createRowBinaryWriter(initialBytes);
  write(writer);
  return writer.finish().toString('hex');
};

describe('the RowBinary writer', () => {
  it('writes integers little-endian, negative and beyond 32 bits', () => {
    expect(written((writer) => writer.uint64(1))).toBe('0100000000000000');
    expect(written((writer) => writer.uint64(2 ** 53 - 1))).toBe('ffffffffffff1f00');
    expect(written((writer) => writer.int64(-1))).toBe('ffffffffffffffff');
    expect(written((writer) => writer.int64(-(2 ** 40)))).toBe('0000000000ffffff');
  });

  it('writes the length of a text in bytes, not in characters', () => {
    expect(written((writer) => writer.text('ab'))).toBe('026162');
    expect(written((writer) => writer.text('é'))).toBe('02c3a9');
    expect(written((writer) => writer.text('aé'))).toBe('0361c3a9');
    expect(written((writer) => writer.text('😀'))).toBe('04f09f9880');
  });

  it('writes lengths of 128 and more in several bytes', () => {
    expect(written((writer) => writer.text('a'.repeat(127))).slice(0, 4)).toBe('7f61');
    expect(written((writer) => writer.text('a'.repeat(128))).slice(0, 6)).toBe('800161');
    expect(written((writer) => writer.text('a'.repeat(16_384))).slice(0, 8)).toBe('80800161');
  });

  it('marks nulls, and writes an empty text as a text', () => {
    expect(written((writer) => writer.nullableText(null))).toBe('01');
    expect(written((writer) => writer.nullableText(''))).toBe('0000');
  });

  it('writes bytes as they are, and none as an empty text', () => {
    expect(written((writer) => writer.bytes(Buffer.from([0, 255, 10])))).toBe('0300ff0a');
    expect(written((writer) => writer.bytes(undefined))).toBe('00');
  });

  it('grows past its first size without losing what was written', () => {
    const text = 'x'.repeat(50);
    const expected = `32${Buffer.from(text).toString('hex')}`.repeat(100);
    const write = (writer: RowBinaryWriter) => {
      for (let index = 0; index < 100; index += 1) writer.text(text);
    };
    expect(written(write, 16)).toBe(expected);
  });
});
