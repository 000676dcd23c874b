import kafkajs, { type Kafka, type TopicMessages } from 'kafkajs';
import type { Clock } from '../../clock.ts';
import type { OutgoingRecord } from '../bus.ts';
import type { KafkaLogger } from './client.ts';
import { isPassing, toBusError } from './kafka-error.ts';
import { type Message, toMessage } from './message.ts';
import { splitByBytes } from './split-by-bytes.ts';
import type { SchemaIds } from './wire-format.ts';

// Node finds only the first exports of this CommonJS package by name.
const { CompressionTypes, Partitioners } = kafkajs;

/**
 * One send makes one record batch a partition, and a topic's limit is on the batch. Below it by a margin, since the limit
 * holds after compression and what is compressed may grow.
 */
const maxBatchBytes = 900_000;
/** How much is taken from the queue for one round of sends. */
const maxRoundBytes = 8 * 2 ** 20;
const firstDelayMs = 500;
const longestDelayMs = 10_000;

interface Pending {
  readonly records: readonly OutgoingRecord[];
  readonly bytes: number;
  resolve(): void;
  reject(error: unknown): void;
}

export interface KafkaProducer {
  /** Resolves when all in-sync replicas have the records. Calls that are not awaited keep their order. */
  publish(records: readonly OutgoingRecord[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * Sends one round at a time, so that order outlives retries; what is published meanwhile goes out together in the next
 * round. A broker that is away is waited for as long as it takes: whoever publishes waits too, and that is the bound.
 * After `stopping` aborts, one more failure is the last.
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
  const { kafka, logger, clock, partitionOf, toTopicName, stopping } = options;
  const producer = kafka.producer({
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  let connected: Promise<SchemaIds> | undefined;
  const queue: Pending[] = [];
  let flushing: Promise<void> | undefined;

  /** At the first publish: a process that only reads needs neither. */
  const connect = (): Promise<SchemaIds> => {
    connected ??= Promise.all([options.schemaIds(), producer.connect()]).then(([ids]) => ids);
    connected.catch(() => {
      connected = undefined;
    });
    return connected;
  };

  const send = async (topicMessages: TopicMessages[]): Promise<void> => {
    for (let delayMs = firstDelayMs; ; delayMs = Math.min(delayMs * 2, longestDelayMs)) {
      try {
        await producer.sendBatch({ topicMessages, acks: -1, compression: CompressionTypes.GZIP });
        return;
      } catch (error) {
        const failure = toBusError('Kafka did not take records', error);
        if (!isPassing(error) || stopping.aborted) throw failure;
        logger.warn({ component: 'kafka', delayMs }, `${failure.message} They are sent again.`);
        await clock.sleep(delayMs, stopping);
      }
    }
  };

  /** The runs of each partition side by side: the first of each in one request, then the second of each. */
  const sendRecords = async (records: readonly OutgoingRecord[]): Promise<void> => {
    const schemaIds = await connect();
    const byPartition = new Map<string, { topic: string; partition: number; messages: Message[] }>();
    for (const record of records) {
      const partition = partitionOf(record.org);
      const place = `${record.topic}/${partition}`;
      const found = byPartition.get(place) ?? { topic: toTopicName(record.topic), partition, messages: [] };
      byPartition.set(place, found);
      found.messages.push(toMessage(record, schemaIds.get(record.topic)));
    }
    const runs = [...byPartition.values()].map(({ topic, partition, messages }) => ({
      topic,
      runs: splitByBytes(messages, ({ bytes }) => bytes, maxBatchBytes).map((run) =>
        run.map(({ key, value, headers }) => ({ key, value, headers, partition })),
      ),
    }));
    for (let turn = 0; runs.some((of) => turn < of.runs.length); turn += 1) {
      const byTopic = new Map<string, TopicMessages>();
      for (const of of runs) {
        const messages = of.runs[turn];
        if (messages === undefined) continue;
        const known = byTopic.get(of.topic);
        if (known === undefined) byTopic.set(of.topic, { topic: of.topic, messages });
        else known.messages.push(...messages);
      }
      await send([...byTopic.values()]);
    }
  };

  /** Whatever waits, up to a bound. When it fails for a reason of its own, each publish is tried alone: one bad record fails its own. */
  const flushSome = async (): Promise<void> => {
    let bytes = 0;
    const taken: Pending[] = [];
    for (;;) {
      const [next] = queue;
      if (next === undefined || (taken.length > 0 && bytes + next.bytes > maxRoundBytes)) break;
      queue.shift();
      taken.push(next);
      bytes += next.bytes;
    }
    const settle = async (pending: readonly Pending[]): Promise<void> => {
      try {
        await sendRecords(pending.flatMap(({ records }) => records));
        for (const { resolve } of pending) resolve();
      } catch (error) {
        if (pending.length === 1 || stopping.aborted) for (const { reject } of pending) reject(error);
        else for (const one of pending) await settle([one]);
      }
    };
    await settle(taken);
  };

  const flush = async (): Promise<void> => {
    // Left to the end of the turn, so that what is published in it goes out together.
    await Promise.resolve();
    while (queue.length > 0) await flushSome();
    flushing = undefined;
  };

  return {
    publish: (records) => {
      if (records.length === 0) return Promise.resolve();
      const bytes = records.reduce((sum, { value }) => sum + value.length, 0);
      const published = new Promise<void>((resolve, reject) =>
        queue.push({ records: [...records], bytes, resolve, reject }),
      );
      flushing ??= flush();
      return published;
    },
    close: async () => {
      await flushing;
      if (connected !== undefined) await producer.disconnect();
    },
  };
};
