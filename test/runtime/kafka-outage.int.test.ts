import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { systemClock } from '../../runtime/clock.ts';
import { fetchKafka } from '../engines/fetch-engines.ts';
import { orSkip } from '../engines/shared.ts';
import { startKafka } from '../engines/start-kafka.ts';
import { createKafkaWorld, runMember, topic } from './kafka-world.ts';

/** A broker of its own, because it is killed. */
const directory = await mkdtemp(join(tmpdir(), 'kriver-kafka-outage-'));
const files = await fetchKafka();
const kafka = files.available ? { available: true as const, ...(await startKafka({ files, directory })) } : files;

afterAll(async () => {
  if (kafka.available) await kafka.stop();
  await rm(directory, { recursive: true, force: true });
});

const patience = { timeout: 40_000, interval: 20 };

test('a broker that is killed and comes back loses nothing: publishes wait for it, order is kept, and what was acked stays so', {
  timeout: 120_000,
}, async (context) => {
  const { brokers, kill, start } = orSkip(kafka, context.skip);
  const { bus, orgs, close } = await createKafkaWorld({ brokers, partitions: 2 });
  context.onTestFinished(close);
  const stop = new AbortController();
  const published = [0, 0];
  const failures: unknown[] = [];
  const produce = async (partition: number): Promise<void> => {
    for (let n = 0; !stop.signal.aborted; n += 1) {
      await bus.publish([{ topic, org: orgs[partition] ?? '', key: 'k', value: Buffer.from(`${partition} ${n}`) }]);
      published[partition] = n + 1;
    }
  };
  const producing = Promise.all([produce(0), produce(1)].map((work) => work.catch((error) => failures.push(error))));
  const member = runMember(bus, 'g');
  void member.failure.then((error) => failures.push(error));

  for (let round = 0; round < 2; round += 1) {
    const before = [...published];
    await expect.poll(() => published.every((count, of) => count > (before[of] ?? 0) + 20), patience).toBe(true);
    await expect.poll(() => member.seen.length, patience).toBeGreaterThan(20 * (round + 1));
    await kill();
    // Longer than kafkajs tries by itself in the second round.
    await systemClock.sleep(round * 5_000);
    await start();
  }
  const before = [...published];
  await expect.poll(() => published.every((count, of) => count > (before[of] ?? 0) + 20), patience).toBe(true);
  stop.abort();
  await producing;
  expect(failures).toEqual([]);

  const expected = published.map((count, partition) => Array.from({ length: count }, (_, n) => `${partition} ${n}`));
  await expect.poll(() => new Set(member.seen).size, patience).toBe((published[0] ?? 0) + (published[1] ?? 0));
  for (const [partition, texts] of expected.entries()) {
    const firsts = [...new Set(member.seen.filter((text) => text.startsWith(`${partition} `)))];
    expect(firsts).toEqual(texts);
  }
  const end = await bus.endOffset(topic, 0);
  await expect.poll(() => bus.committed(topic, 0, 'g'), patience).toBe(end - 1);
  await member.stop();
  expect(failures).toEqual([]);
});

test('a publish to a broker that is away is given up soon after the process stops, and so is the consumer', {
  timeout: 120_000,
}, async (context) => {
  const { brokers, kill } = orSkip(kafka, context.skip);
  const world = await createKafkaWorld({ brokers, partitions: 1 });
  const member = runMember(world.bus, 'g');
  await world.publish(0, 'there');
  await expect.poll(() => member.seen, patience).toEqual(['there']);
  await kill();
  const lost = world.publish(0, 'lost');
  const outcome = expect(lost).rejects.toMatchObject({ code: 'bus-unavailable' });
  await expect.poll(() => world.log.text().includes('They are sent again.'), patience).toBe(true);
  const stoppedAt = systemClock.now();
  await Promise.all([member.stop(), world.close()]);
  await outcome;
  expect(systemClock.now() - stoppedAt).toBeLessThan(20_000);
});
