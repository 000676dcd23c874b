import { randomUUID } from 'node:crypto';
import pino from 'pino';
import { afterAll, expect, it } from 'vitest';
import { createOktaClient, type OktaClient } from '../../ingest/okta/client.ts';
import { createDispatcher } from '../../ingest/okta/dispatcher.ts';
import { runIngest } from '../../ingest/run-ingest.ts';
import { ingestSettingsSchema } from '../../ingest/settings.ts';
import { withAdmin } from '../../runtime/bus/kafka/admin.ts';
import { createKafka } from '../../runtime/bus/kafka/client.ts';
import { kafkaSettingsSchema } from '../../runtime/bus/kafka/settings.ts';
import { toTopicSpecs } from '../../runtime/bus/kafka/topic-spec.ts';
import { applyTopics } from '../../runtime/bus/kafka/topics.ts';
import { openKafkaBus } from '../../runtime/bus/kafka-bus.ts';
import { systemClock } from '../../runtime/clock.ts';
import { Secret } from '../../runtime/secret.ts';
import { systemLogTopic, topics } from '../../schemas/topics.ts';
import { orSkip, sharedKafka } from '../engines/shared.ts';
import { answerFrom, createModelOrg, event } from '../ingest/model-org.ts';
import { startScriptedOkta } from '../ingest/scripted-okta.ts';

const kafka = await sharedKafka();

const partitions = 6;
const orgs = ['acme', 'bolt', 'umbrella', 'globex', 'initech', 'hooli'];
const times = { sessionTimeoutMs: 6_000, heartbeatIntervalMs: 200, graceMs: 2_000 };
const patience = { timeout: 40_000, interval: 100 };
const logger = pino({ level: 'silent' });
const ingestSettings = ingestSettingsSchema.parse({ poll_seconds: 2, lookback_hours: 48 });

const closers: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** An org over HTTP whose events a test adds to. */
const startOrg = async () => {
  const model = createModelOrg({ events: [event('e0', new Date(systemClock.now() - 60_000).toISOString())] });
  const server = await startScriptedOkta(
    (request, ordinal) => answerFrom(model, request, ordinal),
    () => new Date(systemClock.now()).toUTCString(),
  );
  closers.push(server.close);
  return { model, url: server.url };
};

interface Poll {
  readonly member: string;
  readonly org: string;
  readonly atMs: number;
}

it('two ingest members share the orgs, nobody polls an org beside another, and who is left takes all over', async ({
  skip,
}) => {
  const { brokers } = orSkip(kafka, skip);
  const prefix = `${randomUUID()}.`;
  const settings = kafkaSettingsSchema.parse({ brokers, topic_prefix: prefix, partitions, replication: 1 });
  const client = createKafka({ settings, logger });
  await withAdmin({ kafka: client, clock: systemClock, what: 'no topics' }, (admin) =>
    applyTopics(admin, toTopicSpecs(topics, settings), systemClock),
  );
  const servers = new Map(await Promise.all(orgs.map(async (org) => [org, await startOrg()] as const)));
  const polls: Poll[] = [];

  const openBus = (stopping: AbortSignal) =>
    openKafkaBus({
      kafka: client,
      topicPrefix: prefix,
      partitions,
      schemaIds: async () => new Map(),
      logger,
      clock: systemClock,
      stopping,
      times,
    });

  /** A process of the stage: its own bus, its own connections to every org. */
  const join = async (member: string) => {
    const stop = new AbortController();
    const bus = await openBus(stop.signal);
    const dispatcher = createDispatcher({ allowLoopback: true });
    const sources = [...servers].map(([org, { url }]) => {
      const okta = createOktaClient({
        baseUrl: url,
        token: new Secret('token'),
        dispatcher,
        clock: systemClock,
        random: () => 0,
        rateShare: 0.5,
        concurrency: 4,
        attempts: 2,
      });
      const get: OktaClient['get'] = (path, ...more) => {
        if (String(path).includes('/logs')) polls.push({ member, org, atMs: systemClock.now() });
        return okta.get(path, ...more);
      };
      return { org, okta: { ...okta, get }, settings: ingestSettings };
    });
    const running = runIngest({
      orgs: sources,
      bus,
      clock: systemClock,
      logger,
      until: 'stopped',
      signal: stop.signal,
    });
    let ended: Promise<void> | undefined;
    const leave = (): Promise<void> => {
      ended ??= (async () => {
        stop.abort();
        await running;
        await bus.close();
        await dispatcher.close();
      })();
      return ended;
    };
    closers.push(leave);
    return leave;
  };

  const pollersSince = (sinceMs: number) => {
    const byOrg = new Map<string, Set<string>>(orgs.map((org) => [org, new Set()]));
    for (const { member, org, atMs } of polls) if (atMs >= sinceMs) byOrg.get(org)?.add(member);
    return byOrg;
  };
  /** From now on, each org is polled again, and by one member. */
  const settled = async () => {
    const sinceMs = systemClock.now();
    await expect.poll(() => [...pollersSince(sinceMs).values()].every(({ size }) => size > 0), patience).toBe(true);
    return pollersSince(sinceMs);
  };

  const leaveFirst = await join('first');
  await settled();
  await join('second');
  await expect.poll(() => polls.some(({ member }) => member === 'second'), patience).toBe(true);
  // A rebalance's length later.
  await systemClock.sleep(1_500);
  const shared = await settled();
  expect([...shared.values()].map(({ size }) => size)).toEqual(orgs.map(() => 1));
  expect(new Set([...shared.values()].flatMap((members) => [...members]))).toEqual(new Set(['first', 'second']));

  await leaveFirst();
  for (const { model } of servers.values()) {
    model.events.push(event('e1', new Date(systemClock.now() - 1_000).toISOString()));
  }
  const taken = await settled();
  expect([...taken.values()].map((members) => [...members])).toEqual(orgs.map(() => ['second']));

  const stopping = new AbortController();
  const reader = await openBus(stopping.signal);
  closers.push(reader.close);
  const uuidsOf = async (org: string): Promise<string[]> => {
    const uuids = new Set<string>();
    for await (const records of reader.read(systemLogTopic.name, reader.partitionOf(org), 0)) {
      for (const { key, value } of records) if (key === org) uuids.add(JSON.parse(value.toString()).uuid);
    }
    return [...uuids].sort();
  };
  await expect.poll(() => Promise.all(orgs.map(uuidsOf)), patience).toEqual(orgs.map(() => ['e0', 'e1']));
}, 120_000);
