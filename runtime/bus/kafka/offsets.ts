import type { Admin } from 'kafkajs';
import { AppError } from '../../errors.ts';
import type { KafkaLogger } from './client.ts';
import { toBusError } from './kafka-error.ts';

export interface Bounds {
  /** The oldest offset still kept. */
  readonly first: number;
  /** The offset that the next record will have. */
  readonly end: number;
}

export interface Offsets {
  bounds(topic: string, partition: number): Promise<Bounds>;
  at(topic: string, partition: number, appendedAtMs: number): Promise<number>;
  /** The last acked offset; Kafka keeps the one after it. */
  committed(topic: string, partition: number, groupId: string): Promise<number | undefined>;
}

/** Questions about offsets, by the full names of topics and groups. */
export const createOffsets = (admin: Admin): Offsets => ({
  bounds: async (topic, partition) => {
    try {
      const found = (await admin.fetchTopicOffsets(topic)).find((entry) => entry.partition === partition);
      return { first: Number(found?.low ?? 0), end: Number(found?.high ?? 0) };
    } catch (error) {
      throw toBusError(`The offsets of ${topic} cannot be read`, error);
    }
  },
  at: async (topic, partition, appendedAtMs) => {
    try {
      const all = await admin.fetchTopicOffsetsByTimestamp(topic, Math.max(0, Math.floor(appendedAtMs)));
      return Number(all.find((entry) => entry.partition === partition)?.offset ?? 0);
    } catch (error) {
      throw toBusError(`The offsets of ${topic} cannot be read`, error);
    }
  },
  committed: async (topic, partition, groupId) => {
    try {
      const [found] = await admin.fetchOffsets({ groupId, topics: [topic] });
      const next = Number(found?.partitions.find((entry) => entry.partition === partition)?.offset ?? -1);
      return next > 0 ? next - 1 : undefined;
    } catch (error) {
      throw toBusError(`The offsets of group ${groupId} cannot be read`, error);
    }
  },
});

/** Where to begin: never past the end, and at the oldest kept record when what was asked for is gone. */
export const checkStart = (
  start: number,
  { first, end }: Bounds,
  where: { topic: string; partition: number },
  logger: KafkaLogger,
): number => {
  if (start > end) {
    throw new AppError(
      'state-invalid',
      `The saved offset ${start} is beyond the end ${end} of ${where.topic}, partition ${where.partition}.`,
      {
        hint: 'The topic was made anew, or lost records. Remove the saved state, so that it is built from the topic again.',
      },
    );
  }
  if (start >= first) return start;
  logger.warn(
    { component: 'kafka', ...where, wanted: start, first },
    'records were removed by retention before they were read; reading starts at the oldest one kept',
  );
  return first;
};
