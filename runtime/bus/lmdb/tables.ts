import type { LmdbEnvironment, Table } from '../../lmdb-environment.ts';
import { sealJson, unsealJson } from '../../sealed-json.ts';
import { damagedBlock } from './block.ts';

/** What is known of one (topic, partition); changed in the transaction that appends or removes. */
export interface LogHead {
  /** The oldest offset kept. */
  readonly first: number;
  /** The offset of the next record. */
  readonly end: number;
  /** When the last block was appended. Time of the machine, kept from going back. */
  readonly appendedAt: number;
  /** Compacted topics: up to here superseded records are gone, so that holes are no damage. */
  readonly compactedTo: number;
}

/** The tables of the bus, and how a log is found in them. Keys are [topic, partition, …], in that order on the disk. */
export interface LogTables {
  readonly blocks: Table;
  readonly latest: Table;
  head(topic: string, partition: number): LogHead;
  putHead(topic: string, partition: number, head: LogHead): void;
  logs(): { topic: string; partition: number }[];
  /** Base offset of the last block that begins at or before an offset. */
  baseAtOrBefore(topic: string, partition: number, offset: number): number | undefined;
  baseAtOrAfter(topic: string, partition: number, offset: number): number | undefined;
  /** The bytes of a block. Throws `state-invalid` when they are missing or cannot be unpacked. */
  bytes(topic: string, partition: number, base: number): Buffer;
}

const emptyHead: LogHead = { first: 0, end: 0, appendedAt: 0, compactedTo: 0 };

export const openLogTables = (environment: LmdbEnvironment): LogTables => {
  const blocks = environment.table('blocks', { compressed: true });
  const heads = environment.table('heads');
  const latest = environment.table('latest');
  const nameOf = (topic: string, partition: number) => `head of ${topic}/${partition}`;

  const firstBase = (keys: Iterable<unknown>): number | undefined => {
    for (const key of keys) {
      const base: unknown = Array.isArray(key) ? key[2] : undefined;
      return typeof base === 'number' ? base : undefined;
    }
    return undefined;
  };

  const baseAtOrAfter = (topic: string, partition: number, offset: number): number | undefined =>
    firstBase(
      blocks.getKeys({
        start: [topic, partition, offset],
        end: [topic, partition, Number.MAX_SAFE_INTEGER],
        limit: 1,
      }),
    );

  return {
    blocks,
    latest,
    head: (topic, partition) => {
      const sealed = heads.getBinary([topic, partition]);
      if (sealed !== undefined) return unsealJson(nameOf(topic, partition), sealed) as LogHead;
      // Blocks without a head are no empty log: the entry was lost.
      const base = baseAtOrAfter(topic, partition, 0);
      if (base !== undefined)
        throw damagedBlock({ topic, partition, base }, 'the entry that says where the log ends is missing');
      return emptyHead;
    },
    putHead: (topic, partition, head) => void heads.put([topic, partition], sealJson(nameOf(topic, partition), head)),
    logs: () =>
      [...heads.getKeys()].flatMap((key) => {
        const [topic, partition] = Array.isArray(key) ? key : [];
        return typeof topic === 'string' && typeof partition === 'number' ? [{ topic, partition }] : [];
      }),
    baseAtOrBefore: (topic, partition, offset) =>
      firstBase(
        blocks.getKeys({ start: [topic, partition, offset], end: [topic, partition], reverse: true, limit: 1 }),
      ),
    baseAtOrAfter,
    bytes: (topic, partition, base) => {
      const place = { topic, partition, base };
      let bytes: Buffer | undefined;
      try {
        bytes = blocks.getBinary([topic, partition, base]);
      } catch (error) {
        throw damagedBlock(place, `the stored block cannot be unpacked (${String(error)})`);
      }
      if (bytes === undefined) throw damagedBlock(place, 'the stored block is missing');
      return bytes;
    },
  };
};
