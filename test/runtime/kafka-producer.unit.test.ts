import kafkajs, { type Kafka, type ProducerBatch, type RecordMetadata } from 'kafkajs';
import { describe, expect, test } from 'vitest';
import { createKafkaProducer } from '../../runtime/bus/kafka/producer.ts';
import { maxMessageBytes } from '../../runtime/bus/kafka/topic-spec.ts';
import type { SchemaIds } from '../../runtime/bus/kafka/wire-format.ts';
import { createVirtualClock } from '../../runtime/clock.ts';
import { AppError } from '../../runtime/errors.ts';

const { KafkaJSConnectionError, KafkaJSNonRetriableError, KafkaJSNumberOfRetriesExceeded } = kafkajs;

const connectionError = () => new KafkaJSConnectionError('connect ECONNREFUSED');
/** As kafkajs throws it when it has no connection any more: a retry within a retry. */
const away = (): Error =>
  Object.assign(new KafkaJSNonRetriableError('connect ECONNREFUSED'), { cause: connectionError() });
const exceeded = (): Error => new KafkaJSNumberOfRetriesExceeded(connectionError(), { retryCount: 5, retryTime: 100 });
const tooLarge = (): Error =>
  Object.assign(new KafkaJSNonRetriableError('too large'), {
    cause: Object.assign(new Error('too large'), { type: 'MESSAGE_TOO_LARGE' }),
  });

interface Sent {
  readonly topic: string;
  readonly partition: number;
  readonly text: string;
}

/** Lets everything that is due happen. */
const settle = async () => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

/**
 * A producer over a broker of two methods, whose answers are scripted: `answers` says for each request what it throws, or
 * which partitions it leaves without an answer. A request that is answered is stored in full.
 */
const setUp = (
  options: {
    answer?: (request: number, sent: readonly Sent[]) => Error | { unanswered: number } | undefined;
    connect?: (attempt: number) => Error | undefined;
    schemaIds?: () => Promise<SchemaIds>;
  } = {},
) => {
  const requests: (readonly Sent[])[] = [];
  const stored: Sent[] = [];
  const clock = createVirtualClock(0);
  const stopping = new AbortController();
  const warnings: string[] = [];
  let connects = 0;
  let disconnects = 0;
  const producer = {
    connect: async () => {
      connects += 1;
      const error = options.connect?.(connects);
      if (error !== undefined) throw error;
    },
    disconnect: async () => {
      disconnects += 1;
    },
    sendBatch: async ({ topicMessages = [] }: ProducerBatch): Promise<RecordMetadata[]> => {
      const sent = topicMessages.flatMap(({ topic, messages }) =>
        messages.map(({ partition = -1, value }) => ({ topic, partition, text: String(value) })),
      );
      requests.push(sent);
      await new Promise((resolve) => setImmediate(resolve));
      const answer = options.answer?.(requests.length, sent);
      if (answer instanceof Error) throw answer;
      const taken = sent.filter(({ partition }) => partition !== answer?.unanswered);
      stored.push(...taken);
      return taken.map(({ topic, partition }) => ({ topicName: topic, partition, errorCode: 0 }));
    },
  };
  const created = createKafkaProducer({
    kafka: { producer: () => producer } as unknown as Kafka,
    logger: {
      debug: () => {},
      info: () => {},
      warn: (_: object, text: string) => warnings.push(text),
      error: () => {},
    } as never,
    clock,
    schemaIds: options.schemaIds ?? (async () => new Map()),
    partitionOf: Number,
    toTopicName: (topic) => `p.${topic}`,
    stopping: stopping.signal,
  });
  const publish = (text: string, org = '0') =>
    created.publish([{ topic: 't', org, key: org, value: Buffer.from(text) }]);
  return {
    ...created,
    publish,
    publishAll: created.publish,
    requests,
    stored,
    clock,
    stopping,
    warnings,
    texts: () => stored.map(({ text }) => text),
    connects: () => connects,
    disconnects: () => disconnects,
  };
};

const statusOf = (outcomes: readonly PromiseSettledResult<void>[]) => outcomes.map(({ status }) => status);

describe('the producer', () => {
  test('puts what is published in one turn into one request, with all partitions in it', async () => {
    const { publish, requests } = setUp();
    await Promise.all([publish('a'), publish('b', '1'), publish('c')]);
    expect(requests).toHaveLength(1);
    expect(requests[0]?.map(({ topic, partition, text }) => `${topic}/${partition} ${text}`).sort()).toEqual([
      'p.t/0 a',
      'p.t/0 c',
      'p.t/1 b',
    ]);
  });

  test('resolves only when the broker has answered', async () => {
    let answer = () => {};
    const { publish, publishAll } = setUp({
      schemaIds: () =>
        new Promise((resolve) => {
          answer = () => resolve(new Map());
        }),
    });
    let resolved = false;
    const published = publish('a').then(() => {
      resolved = true;
    });
    await publishAll([]);
    await settle();
    expect(resolved).toBe(false);
    answer();
    await published;
  });

  test.for([
    ['a lost connection', away],
    ['retries that were not enough', exceeded],
  ] as const)('waits out %s for as long as it takes, and keeps the order', async ([, error]) => {
    const { publish, texts, clock, warnings, requests } = setUp({ answer: (n) => (n <= 50 ? error() : undefined) });
    const first = publish('a');
    await settle();
    const all = [first, publish('b'), publish('c', '1'), publish('d')];
    for (let n = 0; n < 51; n += 1) {
      await settle();
      clock.advance(10_000);
    }
    await Promise.all(all);
    expect(requests).toHaveLength(52);
    expect(texts().filter((text) => text !== 'c')).toEqual(['a', 'b', 'd']);
    expect(warnings[0]).toContain('ECONNREFUSED They are sent again.');
  });

  test('waits longer each time, up to ten seconds', async () => {
    const { publish, clock, requests, stopping } = setUp({ answer: away });
    void publish('a').catch(() => {});
    const counts: number[] = [];
    for (const durationMs of [499, 1, 999, 1, 1_999, 1, 3_999, 1, 7_999, 1, 9_999, 1, 9_999, 1]) {
      await settle();
      clock.advance(durationMs);
      await settle();
      counts.push(requests.length);
    }
    expect(counts).toEqual([1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8]);
    stopping.abort();
    await settle();
  });

  test('waits for a broker that is away at the first publish', async () => {
    const { publish, clock, texts, connects } = setUp({ connect: (n) => (n < 3 ? away() : undefined) });
    const published = publish('a');
    for (let n = 0; n < 3; n += 1) {
      await settle();
      clock.advance(10_000);
    }
    await published;
    expect([texts(), connects()]).toEqual([['a'], 3]);
  });

  test('tries once more after it is told to stop, and gives up on everything that waits', async () => {
    const { publish, stopping, requests } = setUp({ answer: away });
    const first = publish('a');
    await settle();
    const outcomes = Promise.allSettled([first, publish('b'), publish('c', '1')]);
    await settle();
    expect(requests).toHaveLength(1);
    stopping.abort();
    for (const outcome of await outcomes)
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'bus-unavailable' } });
    expect(requests).toHaveLength(2);
  });

  test('still publishes after it is told to stop, as long as the broker answers', async () => {
    const { publish, stopping, texts } = setUp();
    stopping.abort();
    await publish('last');
    expect(texts()).toEqual(['last']);
  });

  test('is closed when the broker is away: what waits is given up', async () => {
    const { publish, close, disconnects } = setUp({ answer: away });
    const outcome = expect(publish('a')).rejects.toMatchObject({ code: 'bus-unavailable' });
    await settle();
    await close();
    await outcome;
    expect(disconnects()).toBe(1);
  });

  test('is closed after what was published is sent', async () => {
    const { publish, close, texts } = setUp();
    const published = publish('a');
    await close();
    await published;
    expect(texts()).toEqual(['a']);
  });

  test('sends a partition again for which kafkajs has no answer', async () => {
    const { publish, stored, requests, clock } = setUp({ answer: (n) => (n === 1 ? { unanswered: 1 } : undefined) });
    const all = Promise.all([publish('a'), publish('b', '1'), publish('c', '1')]);
    await settle();
    clock.advance(500);
    await all;
    expect(stored.map(({ text }) => text)).toEqual(['a', 'b', 'c']);
    expect(requests[1]?.map(({ text }) => text)).toEqual(['b', 'c']);
  });

  test('fails the publish with a record that is refused, and no other', async () => {
    const { publish, texts } = setUp({
      answer: (_, sent) => (sent.some(({ text }) => text === 'bad') ? tooLarge() : undefined),
    });
    const outcomes = await Promise.allSettled([publish('a'), publish('bad'), publish('b'), publish('c', '1')]);
    expect(statusOf(outcomes)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect(outcomes[1]).toMatchObject({ reason: { code: 'bus-refused' } });
    expect(texts()).toEqual(['a', 'b', 'c']);
  });

  test('refuses a record that is larger than any topic takes before it is sent with others', async () => {
    const { publish, requests, texts } = setUp();
    const outcomes = await Promise.allSettled([publish('a'), publish('x'.repeat(maxMessageBytes)), publish('b')]);
    expect(statusOf(outcomes)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect([requests.length, texts()]).toEqual([1, ['a', 'b']]);
  });

  test('fails what waits when the schemas cannot be had, asks once for all of it, and again for the next', async () => {
    let asked = 0;
    const failure = new AppError('registry-unavailable', 'no registry', { hint: 'Wait.' });
    const { publish, texts } = setUp({
      schemaIds: async () => {
        asked += 1;
        if (asked === 1) throw failure;
        return new Map();
      },
    });
    for (const outcome of await Promise.allSettled([publish('a'), publish('b')]))
      expect(outcome).toMatchObject({ reason: failure });
    expect(asked).toBe(1);
    await publish('c');
    await publish('d');
    expect([asked, texts()]).toEqual([2, ['c', 'd']]);
  });
});
