import type { BusRecord } from '../bus.ts';
import { type LogSlice, maxBatchRecords } from '../record-log.ts';
import { maxBlockBytes } from './append.ts';
import { damagedBlock, decodeBlock, decodeBlockHeader } from './block.ts';
import type { LogTables } from './tables.ts';

/**
 * Whole blocks from an offset on, as many as make up to 500 records and 4 MB: publishes of single records leave small
 * blocks, which would make small batches. Runs within one turn, so it sees one snapshot of the database.
 */
export const readSlice = (tables: LogTables, topic: string, partition: number, from: number): LogSlice => {
  const { first, end, compactedTo } = tables.head(topic, partition);
  const records: BusRecord[] = [];
  let bytesRead = 0;
  let position = Math.max(from, first);
  let base = tables.baseAtOrBefore(topic, partition, position) ?? tables.baseAtOrAfter(topic, partition, position);
  while (position < end) {
    if (base === undefined || (base > position && position >= compactedTo))
      throw damagedBlock({ topic, partition, base: position }, 'the stored block is missing');
    const bytes = tables.bytes(topic, partition, base);
    const block = decodeBlock(bytes, { topic, partition, base });
    const wanted = block.base < position ? block.records.filter(({ offset }) => offset >= position) : block.records;
    const fits = records.length + wanted.length <= maxBatchRecords && bytesRead + bytes.length <= maxBlockBytes;
    if (records.length > 0 && !fits) break;
    for (const record of wanted) records.push(record);
    bytesRead += bytes.length;
    position = Math.max(position, block.next);
    base = tables.baseAtOrAfter(topic, partition, position);
  }
  return { records, next: position, end };
};

/**
 * The base of the first block appended at or after a moment, found by halving the range of offsets. A compacted block
 * counts as appended when its newest part was, so the answer may be earlier than asked for, never later.
 */
export const findOffsetAt = (tables: LogTables, topic: string, partition: number, appendedAtMs: number): number => {
  const { first, end } = tables.head(topic, partition);
  let low = first;
  let high = end;
  let found = end;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const base = tables.baseAtOrBefore(topic, partition, middle) ?? tables.baseAtOrAfter(topic, partition, middle);
    if (base === undefined) return end;
    const { next, appendedAt } = decodeBlockHeader(tables.bytes(topic, partition, base), { topic, partition, base });
    if (appendedAt >= appendedAtMs) {
      found = Math.max(base, first);
      high = Math.min(middle, base);
    } else low = Math.max(middle + 1, next);
  }
  return found;
};
