import { type Clock, systemClock } from '../clock.ts';
import type { Bus, BusRecord } from './bus.ts';
import { hashPartition } from './hash-partition.ts';
import { createLocalBus } from './local-bus.ts';
import { maxBatchRecords, type RecordLog } from './record-log.ts';

interface Entry {
  readonly record: BusRecord;
  readonly appendedAt: number;
}

const createMemoryLog = (partitionOf: (org: string) => number, clock: Clock): RecordLog => {
  const logs = new Map<string, Entry[]>();
  const acks = new Map<string, number>();
  const listeners: ((topic: string, partition: number) => void)[] = [];
  const logOf = (topic: string, partition: number): Entry[] => logs.get(`${topic}/${partition}`) ?? [];

  return {
    append: async (records) => {
      const targets = records.map(({ topic, org }) => ({ topic, partition: partitionOf(org) }));
      records.forEach(({ key, value, headers }, i) => {
        const { topic, partition } = targets[i] ?? { topic: '', partition: 0 };
        const log = logOf(topic, partition);
        logs.set(`${topic}/${partition}`, log);
        const appendedAt = Math.max(clock.now(), log.at(-1)?.appendedAt ?? 0);
        // Copied, so that a producer that reuses its buffers does not change history.
        log.push({
          record: { offset: log.length, key, value: Buffer.from(value), headers: { ...headers } },
          appendedAt,
        });
      });
      for (const { topic, partition } of targets) for (const listener of listeners) listener(topic, partition);
    },
    bounds: (topic, partition) => ({ first: 0, end: logOf(topic, partition).length }),
    read: async (topic, partition, from) => {
      const log = logOf(topic, partition);
      const records = log.slice(from, from + maxBatchRecords).map(({ record }) => record);
      return { records, next: from + records.length, end: log.length };
    },
    offsetAt: (topic, partition, appendedAtMs) => {
      const log = logOf(topic, partition);
      const index = log.findIndex(({ appendedAt }) => appendedAt >= appendedAtMs);
      return index < 0 ? log.length : index;
    },
    acked: (topic, partition, group) => acks.get(`${topic}/${partition}/${group}`),
    ack: async (topic, partition, group, offset) => {
      acks.set(`${topic}/${partition}/${group}`, offset);
    },
    onAppend: (listener) => {
      listeners.push(listener);
    },
  };
};

/**
 * A bus that keeps everything in memory for ever: for tests and simulated runs. Nothing in it waits for a timer or a
 * turn of the event loop, so that a run under a virtual clock is repeatable.
 */
export const createMemoryBus = (
  options: { partitions?: number; partitionOf?: (org: string) => number; clock?: Clock } = {},
): Bus => {
  const { partitions = 1, clock = systemClock } = options;
  const partitionOf = options.partitionOf ?? ((org) => hashPartition(org, partitions));
  return createLocalBus({ partitions, partitionOf, log: createMemoryLog(partitionOf, clock) });
};
