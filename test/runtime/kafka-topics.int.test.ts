import { randomUUID } from 'node:crypto';
import kafkajs, { type Admin, type Kafka } from 'kafkajs';
import pino from 'pino';
import { describe, expect, it, type TestContext } from 'vitest';
import { withAdmin } from '../../runtime/bus/kafka/admin.ts';
import { createKafka } from '../../runtime/bus/kafka/client.ts';
import { kafkaSettingsSchema } from '../../runtime/bus/kafka/settings.ts';
import { findTopicError, toTopicSpecs } from '../../runtime/bus/kafka/topic-spec.ts';
import { applyTopics, checkTopics } from '../../runtime/bus/kafka/topics.ts';
import { systemClock } from '../../runtime/clock.ts';
import { Secret } from '../../runtime/secret.ts';
import { topics } from '../../schemas/topics.ts';
import { orSkip, sharedKafka } from '../engines/shared.ts';

const { ConfigResourceTypes } = kafkajs;
const shared = await sharedKafka();
const logger = pino({ level: 'silent' });

/** A broker, and a prefix that nobody else has. */
const open = (skip: TestContext['skip'], given: object = {}) => {
  const { brokers } = orSkip(shared, skip);
  const settings = kafkaSettingsSchema.parse({
    brokers,
    topic_prefix: `${randomUUID()}.`,
    partitions: 3,
    replication: 1,
    ...given,
  });
  const kafka: Kafka = createKafka({ settings, logger });
  const specs = toTopicSpecs(topics, settings);
  const ask = <Answer>(question: (admin: Admin) => Promise<Answer>): Promise<Answer> =>
    withAdmin({ kafka, clock: systemClock, what: 'The topics cannot be read' }, question);
  return { settings, kafka, specs, ask };
};

const setConfigs = (admin: Admin, name: string, configs: Record<string, string>) =>
  admin.alterConfigs({
    validateOnly: false,
    resources: [
      {
        type: ConfigResourceTypes.TOPIC,
        name,
        configEntries: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
      },
    ],
  });

const configOf = async (admin: Admin, name: string, key: string) => {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: ConfigResourceTypes.TOPIC, name, configNames: [key] }],
  });
  return resources[0]?.configEntries[0]?.configValue;
};

describe('the topics on a real broker', () => {
  it('are missing, and asking about them creates none', async ({ skip }) => {
    const { ask, specs, settings } = open(skip);
    const checks = await ask((admin) => checkTopics(admin, specs));

    expect(checks.map(({ actual }) => actual)).toEqual(specs.map(() => undefined));
    expect(findTopicError(checks)?.message).toContain('do not exist');
    const all = await ask((admin) => admin.listTopics());
    expect(all.filter((name) => name.startsWith(settings.topic_prefix))).toEqual([]);
  });

  it('are as needed once they are applied, and applying again changes nothing', async ({ skip }) => {
    const { ask, specs } = open(skip);
    for (let time = 1; time <= 2; time += 1) {
      const checks = await ask((admin) => applyTopics(admin, specs, systemClock));
      expect(checks.map(({ actual, differences }) => [actual?.partitions, differences])).toEqual(
        specs.map(() => [3, []]),
      );
    }
  });

  it('are mended where they differ, and keep what somebody else has set', async ({ skip }) => {
    const { ask, specs } = open(skip);
    const [first] = specs;
    const name = first?.name ?? '';
    await ask((admin) => applyTopics(admin, specs, systemClock));
    // Replaces all configurations of the topic: those that are needed are gone with it.
    await ask((admin) => setConfigs(admin, name, { 'retention.ms': '60000', 'flush.messages': '7' }));

    await expect
      .poll(async () => (await ask((admin) => checkTopics(admin, specs)))[0]?.differences)
      .toContainEqual({
        setting: 'retention.ms',
        wanted: first?.configs['retention.ms'],
        actual: '60000',
        canApply: true,
      });
    const [after] = await ask((admin) => applyTopics(admin, specs, systemClock));
    expect(after?.differences).toEqual([]);
    expect(await ask((admin) => configOf(admin, name, 'flush.messages'))).toBe('7');
  });

  it('keep their partitions, whatever is configured', async ({ skip }) => {
    const { ask, specs } = open(skip);
    await ask((admin) => applyTopics(admin, specs, systemClock));
    const wider = specs.map((spec) => ({ ...spec, partitions: 4 }));
    const checks = await ask((admin) => applyTopics(admin, wider, systemClock));

    expect(checks.map(({ actual }) => actual?.partitions)).toEqual(specs.map(() => 3));
    expect(findTopicError(checks)).toMatchObject({ code: 'configuration-invalid' });
  });

  it('cannot be kept on more brokers than there are, and say so', async ({ skip }) => {
    const { ask, specs } = open(skip, { replication: 3 });
    const failed = ask((admin) => applyTopics(admin, specs, systemClock));

    await expect(failed).rejects.toMatchObject({
      code: 'configuration-invalid',
      hint: expect.stringContaining('bus.replication'),
    });
  });

  it('take a value of 1 MiB that does not compress', async ({ skip }) => {
    const { ask, specs, kafka } = open(skip);
    await ask((admin) => applyTopics(admin, specs, systemClock));
    const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
    await producer.connect();
    const value = Buffer.concat(
      Array.from({ length: 2 ** 16 }, () => Buffer.from(randomUUID().replaceAll('-', ''), 'hex')),
    );
    const sent = await producer.send({
      topic: specs[0]?.name ?? '',
      messages: [{ key: 'acme', value, headers: { facts: 'x'.repeat(60_000) }, partition: 0 }],
    });
    await producer.disconnect();

    expect(value.length).toBe(2 ** 20);
    expect(sent[0]).toMatchObject({ errorCode: 0, partition: 0 });
    // The broker gives the append time only where timestamps are those of the append.
    expect(Number(sent[0]?.logAppendTime)).toBeGreaterThan(0);
  });

  it('are not to be had with a wrong password', async ({ skip }) => {
    const { secured, user } = orSkip(shared, skip);
    const { ask, specs } = open(skip, {
      brokers: [secured.sasl],
      sasl: { mechanism: 'plain', user: user.user, password: new Secret('not-it') },
    });

    await expect(ask((admin) => checkTopics(admin, specs))).rejects.toMatchObject({ code: 'bus-unauthorised' });
  });
});
