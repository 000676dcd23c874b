import type { KafkaMessage } from 'kafkajs';
import type { Clock } from '../../clock.ts';
import { AppError } from '../../errors.ts';
import type { Assignment, Batch } from '../bus.ts';
import { maxBatchRecords } from '../record-log.ts';
import type { KafkaLogger } from './client.ts';
import { isPassing } from './kafka-error.ts';
import { fromMessage } from './message.ts';
import { checkStart, type Offsets } from './offsets.ts';
import { createPartitionBuffer, type PartitionBuffer } from './partition-buffer.ts';

const retryMs = 500;

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
  /**
   * Takes what was fetched from an offset on; false when nobody takes more for now. An offset that is not the next one may
   * mean that kafkajs was told that there is no such offset, and started over where the log begins: that is looked into.
   */
  accept(fetched: { from: number; messages: readonly KafkaMessage[]; end: number }): Promise<boolean>;
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
  clock: Clock;
  logger: KafkaLogger;
}): HeldPartition => {
  const { topic, topicName, groupId, partition, membership, offsets, clock, logger } = options;
  const ended = new AbortController();
  const { signal } = ended;
  let buffer: PartitionBuffer | undefined;
  let handling: Promise<void> | undefined;
  let broken: { readonly error: unknown } | undefined;
  const where = { topic: topicName, partition };

  const findStart = async (from: number | undefined): Promise<number> => {
    const start = from ?? ((await offsets.committed(topicName, partition, groupId)) ?? -1) + 1;
    return checkStart(start, await offsets.bounds(topicName, partition), where, logger);
  };

  /** As long as the partition is held, brokers that are away are waited for; undefined when it was lost meanwhile. */
  const open = async (from: number | undefined): Promise<PartitionBuffer | undefined> => {
    let start: number | undefined;
    while (start === undefined && !signal.aborted)
      try {
        start = await findStart(from);
      } catch (error) {
        if (!(error instanceof AppError) || !isPassing(error.cause)) throw error;
        await clock.sleep(retryMs, signal);
      }
    if (start === undefined) return undefined;
    const opened = createPartitionBuffer(start);
    signal.addEventListener('abort', opened.wake, { once: true });
    if (signal.aborted) return undefined;
    buffer = opened;
    membership.seek(partition, opened.next());
    membership.resume(partition);
    return opened;
  };

  const accept: HeldPartition['accept'] = async ({ from, messages, end }) => {
    if (buffer === undefined || broken !== undefined) return false;
    if (from !== buffer.next()) {
      const bounds = await offsets.bounds(topicName, partition);
      try {
        checkStart(buffer.next(), bounds, where, logger);
      } catch (error) {
        broken = { error };
        buffer.wake();
        return false;
      }
    }
    buffer.push(messages, end);
    return true;
  };

  const batches = async function* (from: number | undefined): AsyncGenerator<Batch> {
    const opened = await open(from);
    if (opened === undefined) return;
    while (!signal.aborted) {
      if (broken !== undefined) throw broken.error;
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
    accept,
    release: (reason) => ended.abort(reason),
    idle: async () => handling,
  };
};
