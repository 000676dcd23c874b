import type { Assignment, Batch } from '../bus.ts';
import { maxBatchRecords } from '../record-log.ts';
import type { KafkaLogger } from './client.ts';
import { fromMessage } from './message.ts';
import { checkStart, type Offsets } from './offsets.ts';
import { createPartitionBuffer, type PartitionBuffer } from './partition-buffer.ts';

/** What a held partition asks of the member of the group that holds it. */
export interface Membership {
  /** Begins to fetch, or begins again somewhere else. */
  seek(partition: number, offset: number): void;
  resume(partition: number): void;
  /** Commits the offset after a record for the group. Throws the reason of the signal when the partition is lost. */
  commit(partition: number, nextOffset: number): Promise<void>;
  /** False when the broker may have given the partition to another one meanwhile. */
  isAlive(): boolean;
}

export interface HeldPartition {
  readonly assignment: Assignment;
  /** Undefined until somebody reads. */
  readonly buffer: () => PartitionBuffer | undefined;
  /** Ends the assignment. */
  release(reason?: unknown): void;
  /** Resolves when no batch is being handled. */
  idle(): Promise<void>;
}

/** A partition while a group's member has it: its assignment and what was fetched for it. */
export const createHeldPartition = (options: {
  topic: string;
  /** As Kafka names it. */
  topicName: string;
  groupId: string;
  partition: number;
  membership: Membership;
  offsets: Offsets;
  logger: KafkaLogger;
}): HeldPartition => {
  const { topic, topicName, groupId, partition, membership, offsets, logger } = options;
  const ended = new AbortController();
  const { signal } = ended;
  let buffer: PartitionBuffer | undefined;
  let handling: Promise<void> | undefined;

  const open = async (from: number | undefined): Promise<PartitionBuffer> => {
    const start = from ?? ((await offsets.committed(topicName, partition, groupId)) ?? -1) + 1;
    const bounds = await offsets.bounds(topicName, partition);
    const opened = createPartitionBuffer(checkStart(start, bounds, { topic: topicName, partition }, logger));
    signal.addEventListener('abort', opened.wake, { once: true });
    if (signal.aborted) return opened;
    buffer = opened;
    membership.seek(partition, opened.next());
    membership.resume(partition);
    return opened;
  };

  const batches = async function* (from: number | undefined): AsyncGenerator<Batch> {
    if (signal.aborted) return;
    const opened = await open(from);
    while (!signal.aborted) {
      if (opened.isEmpty()) {
        await opened.arrival();
        continue;
      }
      if (!membership.isAlive()) return;
      const wasFull = opened.isFull();
      const records = opened.take(maxBatchRecords).map((message) => fromMessage(message, `${topicName}/${partition}`));
      if (wasFull && !opened.isFull()) membership.resume(partition);
      const last = records.at(-1)?.offset ?? -1;
      let settle = () => {};
      const settled = new Promise<void>((resolve) => {
        settle = resolve;
      });
      let leftHandler = () => {};
      handling = new Promise((resolve) => {
        leftHandler = resolve;
      });
      const ack = async () => {
        await membership.commit(partition, last + 1);
        settle();
      };
      try {
        yield { topic, partition, records, endOffset: Math.max(opened.end(), last + 1), ack };
      } finally {
        leftHandler();
        handling = undefined;
      }
      if (signal.aborted) return;
      signal.addEventListener('abort', settle, { once: true });
      await settled;
      signal.removeEventListener('abort', settle);
    }
  };

  return {
    assignment: { topic, partition, signal, batches: (at) => batches(at?.from) },
    buffer: () => buffer,
    release: (reason) => ended.abort(reason),
    idle: async () => handling,
  };
};
