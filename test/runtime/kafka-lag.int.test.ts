import { randomUUID } from 'node:crypto';
import kafkajs from 'kafkajs';
import pino from 'pino';
import { describe, expect, it, type TestContext } from 'vitest';
import { withAdmin } from '../../runtime/bus/kafka/admin.ts';
import { createKafka } from '../../runtime/bus/kafka/client.ts';
import { type Lag, readLag } from '../../runtime/bus/kafka/lag.ts';
import { createOffsets } from '../../runtime/bus/kafka/offsets.ts';
import { createKafkaReader } from '../../runtime/bus/kafka/reader.ts';
import { kafkaSettingsSchema } from '../../runtime/bus/kafka/settings.ts';
import { toTopicSpecs } from '../../runtime/bus/kafka/topic-spec.ts';
import { applyTopics } from '../../runtime/bus/kafka/topics.ts';
import { openKafkaBus } from '../../runtime/bus/kafka-bus.ts';
import { systemClock } from '../../runtime/clock.ts';
import { systemLogTopic } from '../../schemas/topics.ts';
import { orSkip, sharedKafka } from '../engines/shared.ts';

const shared = await sharedKafka();
const logger = pino({ level: 'silent' });
const topic = systemLogTopic.name;
const org = 'acme';

const open = async (skip: TestContext['skip']) => {
  const { brokers } = orSkip(shared, skip);
  const prefix = `${randomUUID()}.`;
  const settings = kafkaSettingsSchema.parse({ brokers, topic_prefix: prefix, partitions: 2, replication: 1 });
  const kafka = createKafka({ settings, logger });
  const asking = { kafka, clock: systemClock, what: 'The lag cannot be read' };
  await withAdmin(asking, (admin) => applyTopics(admin, toTopicSpecs([systemLogTopic], settings), systemClock));
  const stopping = new AbortController();
  const bus = await openKafkaBus({
    kafka,
    topicPrefix: prefix,
    partitions: 2,
    schemaIds: async () => new Map(),
    logger,
    clock: systemClock,
    stopping: stopping.signal,
  });
  const partition = bus.partitionOf(org);
  const lagOf = (group: string, now = systemClock.now()): Promise<Lag | undefined> =>
    withAdmin(asking, async (admin) => {
      const reader = createKafkaReader(kafka, createOffsets(admin, systemClock), systemClock);
      const subjects = [{ group, topic, partition }];
      const [lag] = await readLag({ admin, prefix, subjects, appendedAt: reader.appendedAt, now });
      await reader.close();
      return lag;
    });
  const publish = (count: number) =>
    bus.publish(
      Array.from({ length: count }, (_, index) => ({ topic, org, key: org, value: Buffer.from(`{"n":${index}}`) })),
    );
  return { kafka, prefix, bus, partition, lagOf, publish, close: () => bus.close() };
};

describe('the lag on a real broker', () => {
  it('is nothing in an empty topic, which nobody has', async ({ skip }) => {
    const { lagOf, close } = await open(skip);

    expect(await lagOf('processors')).toEqual({ offsets: 0, behindMs: 0, owner: undefined });
    await close();
  });

  it('counts from the first record for a group that never acked, and from the append of the oldest one', async ({
    skip,
  }) => {
    const { lagOf, publish, close } = await open(skip);
    const before = systemClock.now();
    await publish(3);
    const after = systemClock.now();
    const lag = await lagOf('processors', before + 3_600_000);

    expect(lag).toMatchObject({ offsets: 3, owner: undefined });
    expect(lag?.behindMs).toBeLessThanOrEqual(3_600_000);
    expect(lag?.behindMs).toBeGreaterThanOrEqual(3_600_000 - (after - before));
    await close();
  });

  it('names the process that has the partition, and falls to nothing when that has acked', async ({ skip }) => {
    const { bus, partition, lagOf, publish, close } = await open(skip);
    await publish(3);
    const stop = new AbortController();
    const consuming = (async () => {
      const working: Promise<void>[] = [];
      for await (const assignment of bus.consume({ topic, group: 'processors', signal: stop.signal })) {
        if (assignment.partition !== partition) continue;
        working.push(
          (async () => {
            for await (const batch of assignment.batches()) await batch.ack();
          })(),
        );
      }
      await Promise.all(working);
    })();
    await expect.poll(async () => (await lagOf('processors'))?.offsets, { timeout: 30_000 }).toBe(0);

    expect(await lagOf('processors')).toEqual({
      offsets: 0,
      behindMs: 0,
      owner: { member: expect.stringMatching(/^kriver-/), host: '127.0.0.1' },
    });
    expect(await lagOf('clickhouse')).toMatchObject({ offsets: 3, owner: undefined });
    stop.abort();
    await consuming;
    await expect.poll(async () => (await lagOf('processors'))?.owner).toBeUndefined();
    await close();
  });

  it('does not count what retention removed before it was read', async ({ skip }) => {
    const { kafka, prefix, partition, lagOf, publish, close } = await open(skip);
    await publish(5);
    await withAdmin({ kafka, clock: systemClock, what: 'Nothing was removed' }, async (admin) => {
      const name = `${prefix}${topic}`;
      // kafkajs knows where the topic is only once it was asked about it.
      await admin.fetchTopicOffsets(name);
      await admin.deleteTopicRecords({ topic: name, partitions: [{ partition, offset: '2' }] });
    });

    await expect.poll(async () => (await lagOf('processors'))?.offsets).toBe(3);
    await close();
  });

  it('is known of a group whose members do not decode as ours', async ({ skip }) => {
    const { kafka, prefix, lagOf, publish, close } = await open(skip);
    await publish(1);
    const consumer = kafka.consumer({
      groupId: `${prefix}processors.${topic}`,
      partitionAssigners: [
        () => ({
          name: 'Other',
          version: 1,
          assign: async ({ members }) =>
            members.map(({ memberId }) => ({ memberId, memberAssignment: Buffer.alloc(0) })),
          protocol: ({ topics }) => ({
            name: 'Other',
            metadata: kafkajs.AssignerProtocol.MemberMetadata.encode({ version: 1, topics, userData: Buffer.alloc(0) }),
          }),
        }),
      ],
    });
    const joined = new Promise<void>((resolve) => {
      consumer.on(consumer.events.GROUP_JOIN, () => resolve());
    });
    await consumer.connect();
    await consumer.subscribe({ topics: [`${prefix}${topic}`] });
    await consumer.run({ eachMessage: async () => {} });
    await joined;

    expect(await lagOf('processors')).toMatchObject({ offsets: 1, owner: undefined });
    await consumer.disconnect();
    await close();
  });
});
