import kafkajs, { type Kafka, type RecordMetadata, type TopicMessages } from 'kafkajs';
import type { Clock } from '../../clock.ts';
import { AppError } from '../../errors.ts';
import type { OutgoingRecord } from '../bus.ts';
import type { KafkaLogger } from './client.ts';
import { isPassing, toBusError } from './kafka-error.ts';
import { recordBytes, toMessage } from './message.ts';
import { planSends } from './plan-sends.ts';
import { maxMessageBytes } from './topic-spec.ts';
import type { SchemaIds } from './wire-format.ts';

// Node finds only the first exports of this CommonJS package by name.
const { CompressionTypes, KafkaJSError, Partitioners } = kafkajs;

/** How much is taken from the queue for one round of sends. */
const maxRoundBytes = 8 * 2 ** 20;
const firstDelayMs = 500;
const longestDelayMs = 10_000;

interface Pending {
  readonly records: readonly Measured[];
  readonly bytes: number;
  resolve(): void;
  reject(error: unknown): void;
}

export interface KafkaProducer {
  /**
   * Resolves when all in-sync replicas have the records. Calls that are not awaited keep their order. Rejects with
   * `bus-refused` for a record that is too large, `bus-unauthorised`, or `bus-unavailable` once it gives up.
   */
  publish(records: readonly OutgoingRecord[]): Promise<void>;
  /** Sends what was published, and gives up on it when the brokers are away. */
  close(): Promise<void>;
}

/** What kafkajs has no answer for. */
const withoutAnswer = (sent: readonly TopicMessages[], answers: readonly RecordMetadata[]): TopicMessages[] => {
  const answered = new Set(answers.map(({ topicName, partition }) => `${topicName}/${partition}`));
  return sent.flatMap(({ topic, messages }) => {
    const left = messages.filter(({ partition }) => !answered.has(`${topic}/${partition}`));
    return left.length === 0 ? [] : [{ topic, messages: left }];
  });
};

/** A record and its size, which is asked for once: by the limit, by the rounds and by the batches. */
interface Measured {
  readonly record: OutgoingRecord;
  readonly bytes: number;
}

const measure = (record: OutgoingRecord): Measured => {
  const bytes = recordBytes(record);
  if (bytes <= maxMessageBytes) return { record, bytes };
  throw new AppError('bus-refused', `A record of ${bytes} bytes for ${record.topic} is too large for the bus.`, {
    hint: `The bus takes ${maxMessageBytes} bytes a record.`,
  });
};

/**
 * Sends one round at a time, so that order outlives retries; what is published meanwhile goes out together in the next
 * round. A broker that is away is waited for as long as it takes: whoever publishes waits too, and that is the bound.
 * After `stopping` aborts, one more failure is the last, of everything that waits.
 */
export const createKafkaProducer = (options: {
  kafka: Kafka;
  logger: KafkaLogger;
  clock: Clock;
  schemaIds: () => Promise<SchemaIds>;
  partitionOf: (org: string) => number;
  toTopicName: (topic: string) => string;
  stopping: AbortSignal;
}): KafkaProducer => {
  const { kafka, logger, clock, partitionOf, toTopicName } = options;
  const producer = kafka.producer({
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  const closing = new AbortController();
  const stopping = AbortSignal.any([options.stopping, closing.signal]);
  const queue: Pending[] = [];
  let schemaIds: SchemaIds | undefined;
  let isConnected = false;
  let flushing: Promise<void> | undefined;

  /** Connects at the first publish: a process that only reads does not need it. */
  const sendOnce = async (topicMessages: TopicMessages[]): Promise<TopicMessages[]> => {
    if (!isConnected) await producer.connect();
    isConnected = true;
    const answers = await producer.sendBatch({ topicMessages, acks: -1, compression: CompressionTypes.GZIP });
    return withoutAnswer(topicMessages, answers);
  };

  /**
   * Throws what kafkajs throws: what is passing only once nothing is waited for any more. A partition without an answer is
   * sent again: when its leader moves to a broker that has already answered for others, kafkajs takes that for its answer.
   */
  const send = async (topicMessages: TopicMessages[]): Promise<void> => {
    let left = topicMessages;
    for (let delayMs = firstDelayMs; ; delayMs = Math.min(delayMs * 2, longestDelayMs)) {
      try {
        left = await sendOnce(left);
        if (left.length === 0) return;
        throw new KafkaJSError('a partition changed its leader.');
      } catch (error) {
        if (!isPassing(error) || stopping.aborted) throw error;
        logger.warn(
          { component: 'kafka', delayMs },
          `${toBusError('Kafka did not take records', error).message} They are sent again.`,
        );
        await clock.sleep(delayMs, stopping);
      }
    }
  };

  const sendRecords = async (records: readonly Measured[], ids: SchemaIds): Promise<void> => {
    const placed = records.map(({ record, bytes }) => ({
      topic: toTopicName(record.topic),
      partition: partitionOf(record.org),
      message: toMessage(record, ids.get(record.topic), bytes),
    }));
    for (const request of planSends(placed)) await send(request);
  };

  /**
   * When a round fails for a reason of its own, each publish is tried alone, so that a bad record fails its own. What the
   * broker had taken of the others is then there twice.
   */
  const settle = async (pending: readonly Pending[], ids: SchemaIds): Promise<void> => {
    try {
      await sendRecords(
        pending.flatMap(({ records }) => records),
        ids,
      );
      for (const { resolve } of pending) resolve();
    } catch (error) {
      if (isPassing(error)) throw error;
      if (pending.length > 1) for (const one of pending) await settle([one], ids);
      else for (const { reject } of pending) reject(toBusError('Kafka did not take records', error));
    }
  };

  const takeRound = (): readonly Pending[] => {
    let bytes = 0;
    let count = 0;
    for (const next of queue) {
      if (count > 0 && bytes + next.bytes > maxRoundBytes) break;
      bytes += next.bytes;
      count += 1;
    }
    return queue.splice(0, count);
  };

  const flush = async (): Promise<void> => {
    // Left to the end of the turn, so that what is published in it goes out together.
    await Promise.resolve();
    while (queue.length > 0) {
      const round = takeRound();
      try {
        schemaIds ??= await options.schemaIds();
        await settle(round, schemaIds);
      } catch (error) {
        // No schemas, or given up: what waits behind would meet the same.
        const failure = toBusError('Kafka did not take records', error);
        for (const { reject } of [...round, ...queue.splice(0)]) reject(failure);
      }
    }
    flushing = undefined;
  };

  return {
    publish: async (records) => {
      if (records.length === 0) return;
      const measured = records.map(measure);
      const bytes = measured.reduce((sum, one) => sum + one.bytes, 0);
      const published = new Promise<void>((resolve, reject) =>
        queue.push({ records: measured, bytes, resolve, reject }),
      );
      flushing ??= flush();
      await published;
    },
    close: async () => {
      closing.abort();
      await flushing;
      await producer.disconnect();
    },
  };
};
