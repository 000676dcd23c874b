import type { TopicMessages } from 'kafkajs';
import type { Message } from './message.ts';
import { splitByBytes } from './split-by-bytes.ts';

/**
 * One send makes one record batch a partition, and a topic's limit is on the batch. Below it by a margin, since the limit
 * holds after compression and what is compressed may grow.
 */
const maxBatchBytes = 900_000;
/** Brokers close the connection on a request above 100 MiB; this is far below, and much already. */
const maxRequestBytes = 8 * 2 ** 20;

export interface PlacedMessage {
  /** As Kafka names it. */
  readonly topic: string;
  readonly partition: number;
  readonly message: Message;
}

interface Run {
  readonly topic: string;
  readonly partition: number;
  readonly messages: readonly Message[];
  readonly bytes: number;
}

const sum = (messages: readonly Message[]): number => messages.reduce((bytes, message) => bytes + message.bytes, 0);

const toRuns = (placed: readonly PlacedMessage[]): readonly (readonly Run[])[] => {
  const byPlace = new Map<string, { topic: string; partition: number; messages: Message[] }>();
  // A page of events goes to one place, so the place of the message before is mostly that of the next.
  let last: { topic: string; partition: number; messages: Message[] } | undefined;
  for (const { topic, partition, message } of placed) {
    if (last?.topic !== topic || last.partition !== partition) {
      const place = `${topic}/${partition}`;
      last = byPlace.get(place) ?? { topic, partition, messages: [] };
      byPlace.set(place, last);
    }
    last.messages.push(message);
  }
  return [...byPlace.values()].map(({ topic, partition, messages }) =>
    splitByBytes(messages, ({ bytes }) => bytes, maxBatchBytes).map((run) => ({
      topic,
      partition,
      messages: run,
      bytes: sum(run),
    })),
  );
};

const toRequest = (runs: readonly Run[]): TopicMessages[] => {
  const byTopic = new Map<string, TopicMessages>();
  for (const { topic, partition, messages } of runs) {
    const known = byTopic.get(topic) ?? { topic, messages: [] };
    byTopic.set(topic, known);
    for (const { key, value, headers } of messages) known.messages.push({ key, value, headers, partition });
  }
  return [...byTopic.values()];
};

/**
 * The requests that bring messages to their partitions, to be sent one after the other: each has at most one batch a
 * partition, so that each partition gets its messages in their order. Partitions go side by side: the first batch of
 * each in one request, then the second of each.
 */
export const planSends = (placed: readonly PlacedMessage[]): readonly TopicMessages[][] => {
  const byPlace = toRuns(placed);
  const turns = Math.max(0, ...byPlace.map((runs) => runs.length));
  return Array.from({ length: turns }, (_, turn) => byPlace.flatMap((runs) => runs[turn] ?? [])).flatMap((runs) =>
    splitByBytes(runs, ({ bytes }) => bytes, maxRequestBytes).map(toRequest),
  );
};
