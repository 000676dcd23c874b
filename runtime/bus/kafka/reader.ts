import type { Kafka, KafkaMessage } from 'kafkajs';
import type { Clock } from '../../clock.ts';
import type { BusRecord } from '../bus.ts';
import { isAnswerForNow, isPassing, toBusError } from './kafka-error.ts';
import { fromMessage } from './message.ts';
import type { Offsets } from './offsets.ts';

/** The parts of kafkajs's own cluster that reading needs; they are not in its public types. */
interface Cluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addTargetTopic(topic: string): Promise<void>;
  refreshMetadata(): Promise<void>;
  findTopicPartitionMetadata(topic: string): readonly { partitionId: number; leader: number }[];
  findBroker(broker: { nodeId: number }): Promise<{ fetch(request: unknown): Promise<FetchAnswer> }>;
}

interface FetchAnswer {
  readonly responses: readonly { readonly partitions: readonly { readonly messages: readonly KafkaMessage[] }[] }[];
}

export interface KafkaReader {
  /** What is in a partition from an offset up to its present end. */
  read(topicName: string, partition: number, from: number): AsyncIterable<readonly BusRecord[]>;
  /** When the first record at or after an offset was appended, by the broker's clock; undefined at the end. */
  appendedAt(topicName: string, partition: number, offset: number): Promise<number | undefined>;
  close(): Promise<void>;
}

const createCluster = (kafka: Kafka): Cluster => {
  const symbol = Object.getOwnPropertySymbols(kafka).find(
    ({ description }) => description === 'private:Kafka:createCluster',
  );
  const create =
    symbol === undefined ? undefined : (kafka as unknown as Record<symbol, (options: unknown) => Cluster>)[symbol];
  if (create === undefined) throw new Error('This version of kafkajs keeps its cluster elsewhere.');
  return create({ metadataMaxAge: 300_000, allowAutoTopicCreation: false, isolationLevel: 1 });
};

const maxBytesPerRequest = 4 * 2 ** 20;
const maxWaitMs = 100;
const attempts = 20;
const retryMs = 250;

/**
 * Reads outside any consumer group. kafkajs has no public way to do that: a consumer would have to join a group made up
 * for the question, which takes seconds on a broker with default settings, needs rights on groups, and leaves the group
 * behind. So this asks the leader of the partition itself, through the client that is under kafkajs's consumer; the
 * contract suite runs on a real broker and would notice a version in which that is different.
 */
export const createKafkaReader = (kafka: Kafka, offsets: Offsets, clock: Clock): KafkaReader => {
  const cluster = createCluster(kafka);
  const known = new Set<string>();
  let connecting: Promise<void> | undefined;

  const fetch = async (topicName: string, partition: number, offset: number): Promise<readonly KafkaMessage[]> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        connecting ??= cluster.connect();
        await connecting;
        if (!known.has(topicName)) await cluster.addTargetTopic(topicName);
        known.add(topicName);
        const leader = cluster
          .findTopicPartitionMetadata(topicName)
          .find((found) => found.partitionId === partition)?.leader;
        const broker = await cluster.findBroker({ nodeId: leader ?? -1 });
        const { responses } = await broker.fetch({
          maxWaitTime: maxWaitMs,
          minBytes: 1,
          maxBytes: maxBytesPerRequest,
          isolationLevel: 1,
          topics: [
            {
              topic: topicName,
              partitions: [{ partition, fetchOffset: String(offset), maxBytes: maxBytesPerRequest }],
            },
          ],
        });
        const messages = responses[0]?.partitions[0]?.messages ?? [];
        // A batch is given whole, also where it begins before what was asked for.
        return messages.filter((message) => Number(message.offset) >= offset);
      } catch (error) {
        connecting = undefined;
        if (attempt === attempts || !isPassing(error)) throw toBusError(`${topicName} cannot be read`, error);
        // kafkajs has asked again already where it got no answer; a leader that moved is looked for here.
        if (!isAnswerForNow(error)) attempt = attempts - 1;
        await clock.sleep(retryMs);
        await cluster.refreshMetadata().catch(() => {});
      }
    }
  };

  return {
    read: async function* (topicName, partition, from) {
      const { first, end } = await offsets.bounds(topicName, partition);
      for (let position = Math.max(from, first); position < end; ) {
        const messages = await fetch(topicName, partition, position);
        const last = messages.at(-1);
        if (last === undefined) return;
        position = Number(last.offset) + 1;
        const wanted = messages.filter((message) => Number(message.offset) < end && !isControlRecord(message));
        if (wanted.length > 0) yield wanted.map((message) => fromMessage(message, `${topicName}/${partition}`));
      }
    },
    appendedAt: async (topicName, partition, offset) => {
      const { first, end } = await offsets.bounds(topicName, partition);
      if (offset >= end) return undefined;
      const message = (await fetch(topicName, partition, Math.max(first, offset))).find((of) => !isControlRecord(of));
      return message === undefined ? undefined : Number(message.timestamp);
    },
    close: async () => {
      await connecting?.then(() => cluster.disconnect()).catch(() => {});
    },
  };
};

const isControlRecord = (message: KafkaMessage): boolean =>
  (message as { isControlRecord?: boolean }).isControlRecord === true;
