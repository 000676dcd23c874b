import { crc32 } from 'node:zlib';
import { AppError } from '../../errors.ts';
import type { BusRecord } from '../bus.ts';

/**
 * Records are stored in blocks: one tree entry, one compression and one checksum for up to 500 of them.
 *
 *     0  format (1)             8  base offset (f64)      24  appended at, ms (f64)
 *     4  CRC-32 of the rest    16  next offset (f64)      32  number of records (u32)
 *    36  per record: offset - base, length of key, of headers, of value (u32 each), then those bytes
 *
 * The checksum starts from the place of the block (topic, partition, base), so a block under a wrong key does not pass.
 */
export interface Block {
  readonly base: number;
  /** The offset after the block. Compaction leaves holes in blocks and between them. */
  readonly next: number;
  readonly appendedAt: number;
  readonly records: readonly BusRecord[];
}

/** Where a block belongs. */
export interface Place {
  readonly topic: string;
  readonly partition: number;
  readonly base: number;
}

const format = 1;
const headerBytes = 36;
const recordHeaderBytes = 16;
const noHeaders: Readonly<Record<string, string>> = {};

const seedOf = ({ topic, partition, base }: Place): number => crc32(`${topic}/${partition}/${base}`);

export const encodeBlock = (topic: string, partition: number, block: Block): Buffer => {
  const parts = block.records.map(({ key, headers }) => ({
    key: Buffer.from(key),
    headers: Object.keys(headers).length === 0 ? Buffer.alloc(0) : Buffer.from(JSON.stringify(headers)),
  }));
  let size = headerBytes;
  block.records.forEach(({ value }, i) => {
    size += recordHeaderBytes + (parts[i]?.key.length ?? 0) + (parts[i]?.headers.length ?? 0) + value.length;
  });
  const bytes = Buffer.allocUnsafe(size);
  bytes.fill(0, 0, 8);
  bytes.writeUInt8(format, 0);
  bytes.writeDoubleLE(block.base, 8);
  bytes.writeDoubleLE(block.next, 16);
  bytes.writeDoubleLE(block.appendedAt, 24);
  bytes.writeUInt32LE(block.records.length, 32);
  let at = headerBytes;
  block.records.forEach(({ offset, value }, i) => {
    const { key, headers } = parts[i] ?? { key: Buffer.alloc(0), headers: Buffer.alloc(0) };
    bytes.writeUInt32LE(offset - block.base, at);
    bytes.writeUInt32LE(key.length, at + 4);
    bytes.writeUInt32LE(headers.length, at + 8);
    bytes.writeUInt32LE(value.length, at + 12);
    at += recordHeaderBytes;
    for (const part of [key, headers, value]) at += part.copy(bytes, at);
  });
  bytes.writeUInt32LE(crc32(bytes.subarray(8), seedOf({ topic, partition, base: block.base })), 4);
  return bytes;
};

export const damagedBlock = ({ topic, partition, base }: Place, what: string): AppError =>
  new AppError('state-invalid', `${topic}, partition ${partition}, offset ${base}: ${what}.`, {
    hint: 'Check the disk. Restore the data directory from a backup, or move it away to start anew from Okta.',
  });

/** The block without its records, after its checksum was verified. Throws `state-invalid`, naming the place. */
export const decodeBlockHeader = (bytes: Buffer, place: Place): Omit<Block, 'records'> & { count: number } => {
  if (bytes.length < headerBytes || bytes.readUInt8(0) !== format)
    throw damagedBlock(place, 'the stored block is damaged or was written by a newer version');
  if (crc32(bytes.subarray(8), seedOf(place)) !== bytes.readUInt32LE(4))
    throw damagedBlock(place, 'the stored block is damaged: its checksum does not match');
  return {
    base: bytes.readDoubleLE(8),
    next: bytes.readDoubleLE(16),
    appendedAt: bytes.readDoubleLE(24),
    count: bytes.readUInt32LE(32),
  };
};

/** The block, its values as views of `bytes`. Throws `state-invalid`, naming the place. */
export const decodeBlock = (bytes: Buffer, place: Place): Block => {
  const { count, ...header } = decodeBlockHeader(bytes, place);
  const records: BusRecord[] = [];
  let at = headerBytes;
  for (let i = 0; i < count; i += 1) {
    const keyEnd = at + recordHeaderBytes + bytes.readUInt32LE(at + 4);
    const headersEnd = keyEnd + bytes.readUInt32LE(at + 8);
    const valueEnd = headersEnd + bytes.readUInt32LE(at + 12);
    records.push({
      offset: header.base + bytes.readUInt32LE(at),
      key: bytes.toString('utf8', at + recordHeaderBytes, keyEnd),
      headers:
        keyEnd === headersEnd
          ? noHeaders
          : (JSON.parse(bytes.toString('utf8', keyEnd, headersEnd)) as Record<string, string>),
      value: bytes.subarray(headersEnd, valueEnd),
    });
    at = valueEnd;
  }
  return { ...header, records };
};
