import type { BusRecord, OutgoingRecord } from '../bus.ts';
import { maxBatchRecords } from '../record-log.ts';
import { encodeBlock } from './block.ts';
import type { LogTables } from './tables.ts';

/** Blocks stay below this, a single larger record aside: what a reader holds in memory at a time. */
export const maxBlockBytes = 4 * 2 ** 20;

export interface PartitionRecords {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly OutgoingRecord[];
}

/** Records by their partition, in their order. */
export const groupByPartition = (
  records: readonly OutgoingRecord[],
  partitionOf: (org: string) => number,
): PartitionRecords[] => {
  const groups = new Map<string, { topic: string; partition: number; records: OutgoingRecord[] }>();
  for (const record of records) {
    const partition = partitionOf(record.org);
    const id = `${record.topic}/${partition}`;
    const group = groups.get(id);
    if (group === undefined) groups.set(id, { topic: record.topic, partition, records: [record] });
    else group.records.push(record);
  }
  return [...groups.values()];
};

/** Cuts items into runs of at most 500 and about 4 MB. */
export const cutIntoBlocks = function* <T extends { readonly value: Buffer }>(items: readonly T[]): Generator<T[]> {
  let run: T[] = [];
  let bytes = 0;
  for (const item of items) {
    if (run.length === maxBatchRecords || (run.length > 0 && bytes + item.value.length > maxBlockBytes)) {
      yield run;
      run = [];
      bytes = 0;
    }
    run.push(item);
    bytes += item.value.length;
  }
  if (run.length > 0) yield run;
};

/** Appends to one partition, inside a write transaction of the environment. */
export const appendRecords = (tables: LogTables, group: PartitionRecords, now: number): void => {
  const { topic, partition } = group;
  const head = tables.head(topic, partition);
  // A clock that was set back must not put later records before earlier ones.
  const appendedAt = Math.max(now, head.appendedAt);
  let { end } = head;
  for (const run of cutIntoBlocks(group.records)) {
    const base = end;
    const records: BusRecord[] = run.map(({ key, value, headers }, i) => ({
      offset: base + i,
      key,
      value,
      headers: headers ?? {},
    }));
    end += run.length;
    tables.blocks.put(
      [topic, partition, base],
      encodeBlock(topic, partition, { base, next: end, appendedAt, records }),
    );
  }
  tables.putHead(topic, partition, { ...head, end, appendedAt });
};
