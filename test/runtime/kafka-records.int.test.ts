import { expect, type TestContext, test } from 'vitest';
import type { BusRecord, OutgoingRecord } from '../../runtime/bus/bus.ts';
import { maxMessageBytes } from '../../runtime/bus/kafka/topic-spec.ts';
import { orSkip, sharedKafka } from '../engines/shared.ts';
import { createKafkaWorld, noise, runMember, topic } from './kafka-world.ts';

const shared = await sharedKafka();

const open = async (context: TestContext, configs: Readonly<Record<string, string>>) => {
  const { brokers } = orSkip(shared, context.skip);
  const world = await createKafkaWorld({
    brokers,
    partitions: 2,
    configs: { 'max.message.bytes': String(maxMessageBytes), ...configs },
  });
  context.onTestFinished(world.close);
  const readAll = async (partition: number): Promise<BusRecord[]> => {
    const all: BusRecord[] = [];
    for await (const records of world.bus.read(topic, partition, 0)) all.push(...records);
    return all;
  };
  return { ...world, readAll };
};

test.for(['gzip', 'snappy', 'lz4', 'zstd', 'uncompressed'])(
  'what a broker keeps as %s is read as it was published, by groups and by questions',
  async (compression, context) => {
    const { bus, orgs, readAll } = await open(context, { 'compression.type': compression });
    const org = orgs[0] ?? '';
    const values = [
      ...Array.from({ length: 700 }, (_, n) => Buffer.from(`{"uuid":"${n}","text":"${'kriver '.repeat(n % 90)}"}`)),
      noise(2 ** 20),
      Buffer.alloc(0),
      Buffer.alloc(2 ** 20, 'ab'),
    ];
    await bus.publish(values.map((value) => ({ topic, org, key: org, value })));
    const read = await readAll(0);
    expect(read.length).toBe(values.length);
    expect(read.findIndex(({ value }, n) => !value.equals(values[n] ?? Buffer.from('none')))).toBe(-1);
    const member = runMember(bus, 'g');
    await expect.poll(() => member.seen.length, { timeout: 20_000 }).toBe(values.length);
    expect(member.seen.slice(0, 700)).toEqual(values.slice(0, 700).map(String));
    await member.stop();
  },
);

test('the largest event of 1 MiB that does not compress is taken, and as a dead letter in base64 too', async (context) => {
  const { bus, orgs, readAll } = await open(context, {});
  const event = noise(2 ** 20);
  const headers = { facts: 'f'.repeat(32_000) };
  const letter = Buffer.from(JSON.stringify({ value: event.toString('base64') }));
  await bus.publish([event, letter].map((value) => ({ topic, org: orgs[1] ?? '', key: 'k', value, headers })));
  const read = await readAll(1);
  expect(read.map(({ value }) => value.length)).toEqual([event.length, letter.length]);
  expect(read[0]?.value.equals(event)).toBe(true);
});

test('a record over the limit fails its own publish, and its neighbours of the moment are published once', async (context) => {
  const { bus, orgs, readAll } = await open(context, {});
  const publish = (value: Buffer, partition = 0) =>
    bus.publish([{ topic, org: orgs[partition] ?? '', key: 'k', value } satisfies OutgoingRecord]);
  const outcomes = await Promise.allSettled([
    publish(Buffer.from('before')),
    publish(Buffer.alloc(maxMessageBytes)),
    publish(Buffer.from('after')),
    publish(Buffer.from('elsewhere'), 1),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
  expect(outcomes[1]).toMatchObject({ reason: { code: 'bus-refused', message: expect.stringContaining('too large') } });
  expect((await readAll(0)).map(({ value }) => value.toString())).toEqual(['before', 'after']);
  expect((await readAll(1)).map(({ value }) => value.toString())).toEqual(['elsewhere']);
});

test('a record that the topic itself does not take fails its own publish, and all others are there in order', async (context) => {
  const { bus, orgs, readAll } = await open(context, { 'max.message.bytes': '100000' });
  const publish = (value: Buffer, partition = 0) =>
    bus.publish([{ topic, org: orgs[partition] ?? '', key: 'k', value }]);
  const outcomes = await Promise.allSettled([
    publish(Buffer.from('before')),
    publish(noise(200_000)),
    publish(Buffer.from('after')),
    publish(Buffer.from('elsewhere'), 1),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
  expect(outcomes[1]).toMatchObject({
    reason: { code: 'bus-refused', hint: expect.stringContaining('max.message.bytes') },
  });
  const texts = (records: readonly BusRecord[]) => records.map(({ value }) => value.toString());
  // The broker may have taken what was sent beside it, before that was sent again.
  expect([...new Set(texts(await readAll(0)))]).toEqual(['before', 'after']);
  expect([...new Set(texts(await readAll(1)))]).toEqual(['elsewhere']);
  await publish(Buffer.from('later'));
  expect(texts(await readAll(0)).at(-1)).toBe('later');
});
