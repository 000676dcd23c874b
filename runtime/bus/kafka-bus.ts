import type { Kafka } from 'kafkajs';
import type { Clock } from '../clock.ts';
import type { Bus } from './bus.ts';
import { hashPartition } from './hash-partition.ts';
import { closeConnections, type KafkaLogger } from './kafka/client.ts';
import { consumeGroup, defaultGroupTimes, type GroupTimes } from './kafka/group-member.ts';
import { toBusError } from './kafka/kafka-error.ts';
import { createOffsets } from './kafka/offsets.ts';
import { createKafkaProducer } from './kafka/producer.ts';
import { createKafkaReader } from './kafka/reader.ts';
import type { SchemaIds } from './kafka/wire-format.ts';

/** Kafka names groups for the whole cluster, and one group here is a stage on one topic. */
export const toGroupId = (prefix: string, group: string, topic: string): string => `${prefix}${group}.${topic}`;

/**
 * The bus of many processes, on Kafka. Connects at once: brokers that do not answer are `bus-unavailable`, a refused user
 * `bus-unauthorised`. Afterwards it waits for brokers that are away, until `stopping` aborts. Topics are not made here:
 * `kriver topics` does that, and whoever opens the bus checks them first.
 */
export const openKafkaBus = async (options: {
  kafka: Kafka;
  topicPrefix: string;
  partitions: number;
  /** The ids of the topics' schemas, asked for before the first record is sent; a topic without one carries plain values. */
  schemaIds: () => Promise<SchemaIds>;
  logger: KafkaLogger;
  /** The machine's own: sessions and retries are between machines, whatever time a simulated org has. */
  clock: Clock;
  stopping: AbortSignal;
  times?: GroupTimes;
}): Promise<Bus> => {
  const { kafka, topicPrefix, partitions, schemaIds, logger, clock, stopping, times = defaultGroupTimes } = options;
  const topicNameOf = (topic: string) => `${topicPrefix}${topic}`;
  // Asked for each record that is sent, of the few orgs that this process has.
  const partitionByOrg = new Map<string, number>();
  const partitionOf = (org: string): number => {
    const known = partitionByOrg.get(org);
    if (known !== undefined) return known;
    const partition = hashPartition(org, partitions);
    partitionByOrg.set(org, partition);
    return partition;
  };
  const admin = kafka.admin();
  const offsets = createOffsets(admin, clock);
  const reader = createKafkaReader(kafka, offsets, clock);
  const closing = new AbortController();
  const leaving = new Set<Promise<void>>();

  const producer = createKafkaProducer({
    kafka,
    logger,
    clock,
    schemaIds,
    partitionOf,
    toTopicName: topicNameOf,
    stopping,
  });
  try {
    await admin.connect();
  } catch (error) {
    throw toBusError('Kafka cannot be used', error);
  }

  return {
    partitions,
    partitionOf,
    publish: producer.publish,
    consume: ({ topic, group, signal }) =>
      consumeGroup({
        kafka,
        offsets,
        clock,
        logger,
        times,
        topic,
        topicName: topicNameOf(topic),
        groupId: toGroupId(topicPrefix, group, topic),
        signal: AbortSignal.any([signal, closing.signal]),
        onLeave: (work) => {
          leaving.add(work);
          void work.finally(() => leaving.delete(work));
        },
      }),
    endOffset: async (topic, partition) => (await offsets.bounds(topicNameOf(topic), partition)).end,
    offsetAt: (topic, partition, appendedAtMs) => offsets.at(topicNameOf(topic), partition, appendedAtMs),
    committed: (topic, partition, group) =>
      offsets.committed(topicNameOf(topic), partition, toGroupId(topicPrefix, group, topic)),
    read: (topic, partition, from) => reader.read(topicNameOf(topic), partition, from),
    close: async () => {
      closing.abort();
      await Promise.all(leaving);
      await producer.close();
      await Promise.all([reader.close(), admin.disconnect()]);
      closeConnections(kafka);
    },
  };
};
