import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterAll, describe, expect, it } from 'vitest';
import type { IndicatorSettings } from '../../processors/indicator.ts';
import { withAdmin } from '../../runtime/bus/kafka/admin.ts';
import { createKafka } from '../../runtime/bus/kafka/client.ts';
import { kafkaSettingsSchema } from '../../runtime/bus/kafka/settings.ts';
import { toTopicSpecs } from '../../runtime/bus/kafka/topic-spec.ts';
import { applyTopics } from '../../runtime/bus/kafka/topics.ts';
import { openKafkaBus } from '../../runtime/bus/kafka-bus.ts';
import { systemClock } from '../../runtime/clock.ts';
import type { Reading } from '../../schemas/reading.ts';
import { minuteMs } from '../../schemas/time.ts';
import { readingsTopic, systemLogTopic, topics } from '../../schemas/topics.ts';
import { connectServer } from '../../sinks/clickhouse/client.ts';
import { migrate } from '../../sinks/clickhouse/migrate.ts';
import { fetchAndStartKafka } from '../engines/engines.ts';
import { orSkip, sharedClickHouse } from '../engines/shared.ts';
import { expectOracle, foldUndisturbed, toLine, toNewest } from './expected-readings.ts';
import { createDatabase } from './kafka-workspace.ts';
import { createLogProducer } from './log-producer.ts';
import { createProcessor, type Processor } from './processor-process.ts';
import { countOwners, partitionsOf, readPartition, readTopic, until, untilAcked } from './read-topics.ts';

const directory = await mkdtemp(join(tmpdir(), 'kriver-kill-'));
const [broker, clickHouse] = await Promise.all([fetchAndStartKafka({ directory, kafka: {} }), sharedClickHouse()]);

/** For as long as ten minutes where that is asked for, in which days of the orgs pass. */
const killingMs = process.env['KRIVER_LONG'] === '1' ? 10 * minuteMs : minuteMs;
const killEveryMs = 5_000;

const partitions = 6;
/** Two of them share a partition, two partitions are empty. */
const orgs = ['globex', 'acme', 'gamma', 'beta', 'initech'].map(
  (org): IndicatorSettings => ({ org, userSampleCap: 2_000, velocityNames: [] }),
);
const names = orgs.map(({ org }) => org);
const prefix = 'kill.';
const times = { sessionTimeoutMs: 3_000, heartbeatIntervalMs: 500, graceMs: 2_000 };

const closers: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  if (broker.available) await broker.stop();
  await rm(directory, { recursive: true, force: true });
});

const openBus = async (brokers: readonly string[]) => {
  const settings = kafkaSettingsSchema.parse({ brokers, topic_prefix: prefix, partitions, replication: 1 });
  const logger = pino({ level: 'silent' });
  const kafka = createKafka({ settings, logger });
  await withAdmin({ kafka, clock: systemClock, what: 'no topics' }, (admin) =>
    applyTopics(admin, toTopicSpecs(topics, settings), systemClock),
  );
  const stopping = new AbortController();
  const bus = await openKafkaBus({
    kafka,
    topicPrefix: prefix,
    partitions,
    schemaIds: async () => new Map(),
    logger,
    clock: systemClock,
    stopping: stopping.signal,
  });
  closers.push(async () => {
    stopping.abort();
    await bus.close();
  });
  return { bus, kafka };
};

/**
 * Every five seconds one of the processors is killed. In between the broker is killed and started again, and one of the
 * processors stands still for longer than its session, so that it wakes up without knowing that others have its work.
 */
const disturb = async (processors: readonly Processor[], restartBroker: () => Promise<void>): Promise<void> => {
  const endMs = systemClock.now() + killingMs;
  for (let round = 0; systemClock.now() < endMs; round += 1) {
    await systemClock.sleep(killEveryMs);
    if (round % 5 === 1) await restartBroker();
    await processors[round % processors.length]?.kill();
    if (round % 5 !== 2) continue;
    const zombie = processors[(round + 1) % processors.length];
    zombie?.signal('SIGSTOP');
    await systemClock.sleep(2 * times.sessionTimeoutMs);
    zombie?.signal('SIGCONT');
  }
};

describe('processors that are killed, and a broker', () => {
  it('have lost and doubled nothing when all is quiet', { timeout: killingMs + 240_000 }, async ({ skip }) => {
    const [kafka, server] = [orSkip(broker, skip), orSkip(clickHouse, skip)];
    const { database, drop } = await createDatabase(server.url);
    closers.push(drop);
    const client = connectServer({ url: server.url, user: 'default', database });
    await migrate(client);
    await client.close();
    const opened = await openBus(kafka.brokers);
    const { bus } = opened;
    expect(new Set(names.map(bus.partitionOf)).size).toBe(4);

    const options = { brokers: kafka.brokers, prefix, partitions, orgs, times, saveEveryMs: 1_000 };
    const processors = [1, 2, 3].map(() => createProcessor({ ...options, clickHouse: { url: server.url, database } }));
    closers.push(() => {
      for (const processor of processors) processor.abandon();
    });
    const log = systemLogTopic.name;
    const group = { prefix, group: 'processors', topic: log };
    await until('three members', 60_000, async () => (await countOwners(opened, group)) === 3);

    const producer = createLogProducer(bus, names);
    const enough = new AbortController();
    const producing = producer.run({ clock: systemClock, everyMs: 100, minutes: 2, signal: enough.signal });
    await disturb(processors, async () => {
      await kafka.kill();
      await kafka.start();
    });
    enough.abort();
    await producing;
    await producer.send(1);
    await untilAcked(bus, 'processors', [log], 120_000).finally(() => {
      // Also when they do not get there: then this says why. A start that meets no broker is refused, and tried again.
      const ends = processors.flatMap((processor) => processor.ends);
      expect(ends.filter((said) => !said.includes('Kafka cannot be used'))).toEqual([]);
    });
    expect(await Promise.all(processors.map((processor) => processor.stop()))).toEqual([0, 0, 0]);

    const found = await readTopic(bus, readingsTopic.name);
    const lines = found.map(toLine);
    const logs = await Promise.all(partitionsOf(bus).map((partition) => readPartition(bus, log, partition)));
    const expected = logs.flatMap((records) => foldUndisturbed(records, orgs));
    const [distinct, wanted] = [new Set(lines), new Set(expected)];
    expect(expected.filter((line) => !distinct.has(line))).toEqual([]);
    expect(lines.filter((line) => !wanted.has(line))).toEqual([]);
    // Work was done twice, or nothing was disturbed.
    expect(lines.length).toBeGreaterThan(distinct.size);

    const readings = found.filter(({ key }) => !key.endsWith('/progress'));
    const newest = toNewest(readings.map(({ value }) => JSON.parse(value.toString()) as Reading));
    expect(newest.size).toBeLessThan(new Set(readings.map(toLine)).size);
    let compared = 0;
    for (const org of names) {
      const minutes = [
        ...new Set([...newest.values()].filter((one) => one.org === org).map(({ asOf }) => asOf)),
      ].sort();
      const every = Math.ceil(minutes.length / 40);
      const sampled = minutes.filter((_, index) => index % every === 0);
      compared += expectOracle(logs[bus.partitionOf(org)] ?? [], org, newest, sampled);
    }
    expect(compared).toBeGreaterThan(names.length * 3 * 30);
  });
});
