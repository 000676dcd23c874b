import type { Admin } from 'kafkajs';
import type { Clock } from '../../clock.ts';
import { AppError } from '../../errors.ts';
import type { KafkaLogger } from './client.ts';
import { isAnswerForNow, toBusError } from './kafka-error.ts';

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

/** How long a leader or a coordinator is looked for: kafkajs does not ask again for offsets. */
const attempts = 40;
const waitMs = 250;

/** Questions about offsets, by the full names of topics and groups. */
export const createOffsets = (admin: Admin, clock: Clock): Offsets => {
  const ask = async <Answer>(what: string, question: () => Promise<Answer>): Promise<Answer> => {
    for (let attempt = 1; ; attempt += 1)
      try {
        return await question();
      } catch (error) {
        if (attempt === attempts || !isAnswerForNow(error))
          throw toBusError(`The offsets of ${what} cannot be read`, error);
        await clock.sleep(waitMs);
      }
  };

  return {
    bounds: async (topic, partition) => {
      const all = await ask(topic, () => admin.fetchTopicOffsets(topic));
      const found = all.find((entry) => entry.partition === partition);
      return { first: Number(found?.low ?? 0), end: Number(found?.high ?? 0) };
    },
    at: async (topic, partition, appendedAtMs) => {
      const from = Math.max(0, Math.floor(appendedAtMs));
      const all = await ask(topic, () => admin.fetchTopicOffsetsByTimestamp(topic, from));
      return Number(all.find((entry) => entry.partition === partition)?.offset ?? 0);
    },
    committed: async (topic, partition, groupId) => {
      const [found] = await ask(`group ${groupId}`, () => admin.fetchOffsets({ groupId, topics: [topic] }));
      const next = Number(found?.partitions.find((entry) => entry.partition === partition)?.offset ?? -1);
      return next > 0 ? next - 1 : undefined;
    },
  };
};

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
