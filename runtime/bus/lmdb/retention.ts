import { createHash } from 'node:crypto';
import type { Topic } from '../../../schemas/topic.ts';
import type { LmdbEnvironment, LmdbKey } from '../../lmdb-environment.ts';
import { sealJson, unsealJson } from '../../sealed-json.ts';
import type { BusRecord } from '../bus.ts';
import { cutIntoBlocks } from './append.ts';
import { type Block, decodeBlock, decodeBlockHeader, encodeBlock } from './block.ts';
import type { LogTables } from './tables.ts';

export type RetainedTopic = Pick<Topic, 'name' | 'retention'>;

export interface Purged {
  readonly removed: number;
  readonly more: boolean;
}

const dayMs = 86_400_000;
/** Blocks that one call looks at in a partition: a bound on how long the event loop is held. */
const maxBlocksPerCall = 16;

/** Drops whole blocks from the old end, by when they were appended. */
const deleteOld = (tables: LogTables, topic: string, partition: number, before: number): Purged => {
  const head = tables.head(topic, partition);
  let { first } = head;
  let removed = 0;
  let looked = 0;
  for (let base = tables.baseAtOrBefore(topic, partition, first); first < head.end; looked += 1) {
    if (base === undefined || looked === maxBlocksPerCall) break;
    const block = decodeBlockHeader(tables.bytes(topic, partition, base), { topic, partition, base });
    if (block.appendedAt >= before) break;
    tables.blocks.remove([topic, partition, base]);
    removed += block.count;
    first = block.next;
    base = tables.baseAtOrAfter(topic, partition, first);
  }
  if (removed > 0) tables.putHead(topic, partition, { ...head, first });
  return { removed, more: looked === maxBlocksPerCall };
};

/** Keys of records may be longer than lmdb's may be. */
const latestKey = (topic: string, partition: number, key: string): LmdbKey => [
  topic,
  partition,
  createHash('sha256').update(key).digest('base64url'),
];
const nameOfLatest = (topic: string, partition: number, key: string) => `latest ${topic}/${partition}/${key}`;

/** Removes single records from the blocks that hold them; an emptied block goes. */
const removeRecords = (tables: LogTables, topic: string, partition: number, offsets: ReadonlySet<number>): void => {
  const byBlock = new Map<number, number>();
  for (const offset of offsets) {
    const base = tables.baseAtOrBefore(topic, partition, offset);
    if (base !== undefined) byBlock.set(base, base);
  }
  for (const base of byBlock.keys()) {
    const block = decodeBlock(tables.bytes(topic, partition, base), { topic, partition, base });
    const records = block.records.filter(({ offset }) => !offsets.has(offset));
    if (records.length === 0) tables.blocks.remove([topic, partition, base]);
    else tables.blocks.put([topic, partition, base], encodeBlock(topic, partition, { ...block, records }));
  }
};

/**
 * Moves the frontier of compaction over the blocks that have reached the minimum age. A record goes when a newer one of
 * its key is below the frontier too: so what the topic said at any moment within the minimum age can still be folded,
 * and the newest of each key always stays. Blocks that pass the frontier are merged, so single appends do not stay small.
 */
const compactOld = (tables: LogTables, topic: string, partition: number, before: number): Purged => {
  const head = tables.head(topic, partition);
  const passing: Block[] = [];
  let base = tables.baseAtOrAfter(topic, partition, head.compactedTo);
  while (base !== undefined && passing.length < maxBlocksPerCall) {
    const block = decodeBlock(tables.bytes(topic, partition, base), { topic, partition, base });
    if (block.appendedAt >= before) break;
    passing.push(block);
    base = tables.baseAtOrAfter(topic, partition, block.next);
  }
  const newest = passing.at(-1);
  if (newest === undefined) return { removed: 0, more: false };

  const kept = new Map<string, BusRecord>();
  let removed = 0;
  for (const { records } of passing) {
    for (const record of records) {
      if (kept.delete(record.key)) removed += 1;
      kept.set(record.key, record);
    }
  }
  const superseded = new Set<number>();
  for (const { key, offset } of kept.values()) {
    const at = latestKey(topic, partition, key);
    const sealed = tables.latest.getBinary(at);
    if (sealed !== undefined) superseded.add(unsealJson(nameOfLatest(topic, partition, key), sealed) as number);
    tables.latest.put(at, sealJson(nameOfLatest(topic, partition, key), offset));
  }
  removeRecords(tables, topic, partition, superseded);

  for (const block of passing) tables.blocks.remove([topic, partition, block.base]);
  for (const records of cutIntoBlocks([...kept.values()])) {
    const start = records[0]?.offset ?? newest.base;
    const end = (records.at(-1)?.offset ?? newest.base) + 1;
    const block = { base: start, next: end, appendedAt: newest.appendedAt, records };
    tables.blocks.put([topic, partition, start], encodeBlock(topic, partition, block));
  }
  tables.putHead(topic, partition, { ...head, compactedTo: newest.next });
  return { removed: removed + superseded.size, more: passing.length === maxBlocksPerCall };
};

/** One bounded step in every partition that has records. Readers are not disturbed: each read has its own snapshot. */
export const purgeOnce = async (
  environment: LmdbEnvironment,
  tables: LogTables,
  topics: readonly RetainedTopic[],
  now: number,
): Promise<Purged> => {
  const retentions = new Map(topics.map(({ name, retention }) => [name, retention]));
  let removed = 0;
  let more = false;
  for (const { topic, partition } of tables.logs()) {
    const retention = retentions.get(topic);
    if (retention === undefined) continue;
    const step = retention.cleanup === 'delete' ? deleteOld : compactOld;
    const done = await environment.write(() => step(tables, topic, partition, now - retention.days * dayMs));
    removed += done.removed;
    more ||= done.more;
  }
  return { removed, more };
};
