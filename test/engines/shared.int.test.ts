import { Kafka as Client, logLevel } from 'kafkajs';
import { expect, test } from 'vitest';
import { orSkip, sharedClickHouse, sharedKafka, sharedRegistry } from './shared.ts';

const [kafka, registry, clickHouse] = await Promise.all([sharedKafka(), sharedRegistry(), sharedClickHouse()]);

test('all three engines of the run answer', async ({ skip }) => {
  const admin = new Client({ brokers: [...orSkip(kafka, skip).brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  expect((await admin.describeCluster()).brokers).toHaveLength(1);
  await admin.disconnect();
  expect((await fetch(`${orSkip(registry, skip).url}/subjects`)).status).toBe(200);
  const { url } = orSkip(clickHouse, skip);
  expect(await (await fetch(`${url}/?query=SELECT+2`)).text()).toBe('2\n');
});

test('who asks again gets the same engine', async () => {
  expect(await sharedKafka()).toEqual(kafka);
});
