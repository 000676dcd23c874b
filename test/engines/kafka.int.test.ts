import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka as Client, type KafkaConfig, logLevel, type SASLOptions } from 'kafkajs';
import { afterAll, describe, expect, test } from 'vitest';
import { fetchKafka } from './fetch-engines.ts';
import { securedListeners } from './kafka-properties.ts';
import { orSkip } from './shared.ts';
import { type Kafka, startKafka } from './start-kafka.ts';

const user = { user: 'alice', password: 'open sesame' };
const directory = await mkdtemp(join(tmpdir(), 'kriver-kafka-'));
const files = await fetchKafka();
const kafka = files.available
  ? { available: true as const, ...(await startKafka({ files, directory, secured: securedListeners, users: [user] })) }
  : files;

afterAll(async () => {
  if (kafka.available) await kafka.stop();
  await rm(directory, { recursive: true, force: true });
});

const clientOf = (config: KafkaConfig) => new Client({ logLevel: logLevel.NOTHING, retry: { retries: 5 }, ...config });

const createTopic = async (client: Client, topic: string): Promise<void> => {
  const admin = client.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic }], waitForLeaders: true });
  await admin.disconnect();
};

const send = async (client: Client, topic: string, value: string): Promise<void> => {
  const producer = client.producer();
  await producer.connect();
  await producer.send({ topic, messages: [{ value }] });
  await producer.disconnect();
};

/** The first record of the topic, as a new group reads it. */
const readFirst = async (client: Client, topic: string): Promise<string | undefined> => {
  const consumer = client.consumer({ groupId: `reads-${topic}` });
  const crashes: unknown[] = [];
  consumer.on(consumer.events.CRASH, (event) => crashes.push(event));
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  const value = await new Promise<string | undefined>((resolve, reject) => {
    const eachMessage = async ({ message }: { message: { value: Buffer | null } }) =>
      resolve(message.value?.toString());
    consumer.run({ eachMessage }).catch(reject);
  });
  await consumer.disconnect();
  expect(crashes).toEqual([]);
  return value;
};

/** What a member of a new group asks first, and only once. */
const askOnce = async (brokers: readonly string[], groupId: string): Promise<unknown> => {
  const admin = clientOf({ brokers: [...brokers], retry: { retries: 0 } }).admin();
  await admin.connect();
  try {
    // kafkajs wants to know the brokers before it looks for a coordinator.
    await admin.describeCluster();
    return await admin.fetchOffsets({ groupId });
  } finally {
    await admin.disconnect();
  }
};

test('a broker that has started serves groups at the first request', async ({ skip }) => {
  const { brokers } = orSkip(kafka, skip);
  expect(await askOnce(brokers, 'first')).toEqual([]);
});

test('a record and a topic outlive the SIGKILL of the broker, which then answers at the same place', async ({
  skip,
}) => {
  const { brokers, kill, start, pid } = orSkip(kafka, skip);
  const client = clientOf({ brokers: [...brokers] });
  await createTopic(client, 'outlives');
  await send(client, 'outlives', 'kept');
  const before = pid();
  await kill();
  expect(pid()).toBeUndefined();
  await start();
  expect(await askOnce(brokers, 'again')).toEqual([]);
  expect(pid()).not.toBe(before);
  expect(await readFirst(client, 'outlives')).toBe('kept');
});

test('a topic that nobody created is not there', async ({ skip }) => {
  const client = clientOf({ brokers: [...orSkip(kafka, skip).brokers] });
  await expect(send(client, 'never-created', 'lost')).rejects.toThrow('does not host this topic-partition');
});

/** Whether the broker lets the client in: it does, or why not. */
const signIn = async (config: KafkaConfig): Promise<string> => {
  const admin = clientOf({ ...config, retry: { retries: 0 } }).admin();
  try {
    await admin.connect();
    return (await admin.listTopics()).includes('__consumer_offsets') ? 'in' : 'in, and sees nothing';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await admin.disconnect();
  }
};

const brokersOf = (from: Kafka, listener: (typeof securedListeners)[number]) => ({
  brokers: [from.secured[listener] ?? 'no listener'],
});

describe('the listener with SASL', () => {
  test.for(['plain', 'scram-sha-256', 'scram-sha-512'] as const)(
    'lets in who knows the password by %s, and nobody else',
    async (mechanism, { skip }) => {
      const where = brokersOf(orSkip(kafka, skip), 'sasl');
      const signInWith = (password: string) =>
        signIn({ ...where, sasl: { mechanism, username: user.user, password } as SASLOptions });
      expect(await signInWith(user.password)).toBe('in');
      expect(await signInWith('close sesame')).toMatch(/authentication failed|invalid credentials/i);
    },
  );
});

describe('the listeners with TLS', () => {
  test('are trusted with the authority that was made for them, and not without', async ({ skip }) => {
    const started = orSkip(kafka, skip);
    const where = brokersOf(started, 'tls');
    expect(await signIn({ ...where, ssl: { ca: started.tls?.ca ?? '' } })).toBe('in');
    expect(await signIn({ ...where, ssl: true })).toMatch(/certificate/);
  });

  test('ask for a password where SASL is on too', async ({ skip }) => {
    const started = orSkip(kafka, skip);
    const where = { ...brokersOf(started, 'saslTls'), ssl: { ca: started.tls?.ca ?? '' } };
    const signInWith = (password: string) =>
      signIn({ ...where, sasl: { mechanism: 'scram-sha-512', username: user.user, password } });
    expect(await signInWith(user.password)).toBe('in');
    expect(await signInWith('close sesame')).toMatch(/authentication failed|invalid credentials/i);
  });

  test('ask for a certificate where the client must show one', async ({ skip }) => {
    const started = orSkip(kafka, skip);
    const { ca = '', certificate = '', key = '' } = started.tls ?? {};
    const where = brokersOf(started, 'mutualTls');
    expect(await signIn({ ...where, ssl: { ca, cert: certificate, key } })).toBe('in');
    expect(await signIn({ ...where, ssl: { ca } })).not.toBe('in');
  });
});
