/**
 * Writes ClickHouse's RowBinary format: values one after the other in the order of the columns, without names, numbers
 * little-endian, texts and arrays after their length as a varint, nullable values after a byte (1: null).
 * LowCardinality(T) is written as T, a tuple as its elements. Source: ClickHouse docs, Formats, RowBinary.
 */
export interface RowBinaryWriter {
  uint8(value: number): void;
  uint64(value: number): void;
  /** DateTime64(3): milliseconds since the epoch. */
  int64(value: number): void;
  text(value: string): void;
  nullableText(value: string | null): void;
  /** A String from bytes that are written as they are. */
  bytes(value: Buffer | undefined): void;
  /** Array(Tuple(String, String)). */
  pairs(values: readonly (readonly [string, string])[]): void;
  /** What has been written. The writer must not be used afterwards. */
  finish(): Buffer;
}

const shortText = 96;
const uint32 = 2 ** 32;

export const createRowBinaryWriter = (initialBytes = 65_536): RowBinaryWriter => {
  let buffer = Buffer.allocUnsafe(initialBytes);
  let end = 0;

  const reserve = (bytes: number): void => {
    if (end + bytes <= buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(buffer.length * 2, end + bytes));
    buffer.copy(grown, 0, 0, end);
    buffer = grown;
  };

  const varint = (value: number): void => {
    let rest = value;
    while (rest >= 128) {
      buffer[end] = (rest % 128) + 128;
      end += 1;
      rest = Math.floor(rest / 128);
    }
    buffer[end] = rest;
    end += 1;
  };

  /** Short ASCII texts, which almost all are, are copied here: a call into the runtime costs more than the copy. */
  const writeAscii = (value: string): boolean => {
    const target = buffer;
    const start = end + 1;
    const { length } = value;
    for (let index = 0; index < length; index += 1) {
      const code = value.charCodeAt(index);
      if (code > 127) return false;
      target[start + index] = code;
    }
    target[end] = length;
    end = start + length;
    return true;
  };

  const text = (value: string): void => {
    reserve(value.length * 3 + 10);
    if (value.length <= shortText && writeAscii(value)) return;
    varint(Buffer.byteLength(value));
    end += buffer.write(value, end);
  };

  const uint8 = (value: number): void => {
    reserve(1);
    buffer[end] = value;
    end += 1;
  };

  const int64 = (value: number): void => {
    reserve(8);
    const high = Math.floor(value / uint32);
    buffer.writeUInt32LE(value - high * uint32, end);
    buffer.writeInt32LE(high, end + 4);
    end += 8;
  };

  return {
    uint8,
    int64,
    uint64: int64,
    text,
    nullableText: (value) => {
      uint8(value === null ? 1 : 0);
      if (value !== null) text(value);
    },
    bytes: (value) => {
      const length = value?.length ?? 0;
      reserve(length + 10);
      varint(length);
      if (value !== undefined) end += value.copy(buffer, end);
    },
    pairs: (values) => {
      reserve(10);
      varint(values.length);
      for (const [first, second] of values) {
        text(first);
        text(second);
      }
    },
    finish: () => buffer.subarray(0, end),
  };
};
