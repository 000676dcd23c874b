import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runOnce } from '../../cli/commands/once.ts';
import type { Bus, BusRecord, OutgoingRecord } from '../../runtime/bus/bus.ts';
import { createVirtualClock } from '../../runtime/clock.ts';
import { progressKey } from '../../schemas/progress.ts';
import type { Reading } from '../../schemas/reading.ts';
import { slugs } from '../../schemas/slugs.ts';
import { toTimestamp } from '../../schemas/time.ts';
import {
  policySnapshotsTopic,
  readingsTopic,
  systemLogTopic,
  topics,
  userSnapshotsTopic,
} from '../../schemas/topics.ts';
import { createWorkspace, query, withKriver } from '../e2e/in-process.ts';
import { minuteMs, oktaToken, openOrg, startMs } from '../e2e/simulated-org.ts';
import { orSkip, sharedClickHouse, sharedKafka, sharedRegistry } from '../engines/shared.ts';
import { createKafkaWorkspace, type KafkaWorkspace, makeTopics, startMember } from './kafka-workspace.ts';
import { countOwners, readPartition, readTopic, until, untilAcked } from './read-topics.ts';

const [kafka, registry, clickHouse] = await Promise.all([sharedKafka(), sharedRegistry(), sharedClickHouse()]);

/** Of three partitions the first two orgs share one, and the third has one to itself. */
const orgNames = ['beta', 'gamma', 'acme'] as const;
const inputs = [systemLogTopic.name, userSnapshotsTopic.name, policySnapshotsTopic.name];

const toOrg = (name: string, url: string | undefined) => ({
  name,
  base_url: url,
  credentials: { token_env: 'KRIVER_OKTA_TOKEN' },
});

type Log = ReadonlyMap<string, readonly BusRecord[]>;
const placeOf = (topic: string, org: string) => `${topic}/${org}`;

/** What an embedded Kriver has in its log after three passes over three orgs, with events that came late. */
const fillEmbedded = async () => {
  const clock = createVirtualClock(startMs);
  const orgs = await Promise.all(
    orgNames.map((_, seed) => openOrg({ clock, seed, users: 30, eventsPerDay: 700, historyHours: 28 })),
  );
  const workspace = createWorkspace({
    orgs: orgNames.map((name, index) => toOrg(name, orgs[index]?.environment.KRIVER_OKTA_BASE_URL)),
  });
  const environment = { KRIVER_OKTA_TOKEN: oktaToken, KRIVER_ALLOW_LOOPBACK: '1' };
  const log = new Map<string, readonly BusRecord[]>();
  await withKriver({ workspace, environment, clock }, async (parts) => {
    for (let pass = 0; pass < 3; pass += 1) {
      expect((await runOnce(parts, new AbortController().signal)).code).toBe(0);
      clock.advance(20 * minuteMs);
      const at = toTimestamp(clock.now() - 90 * minuteMs);
      for (const org of orgs) await org.change('events', { story: 'deny_push', count: 2, at });
    }
    for (const { name } of topics)
      for (const org of orgNames)
        log.set(placeOf(name, org), await readPartition(parts.bus, name, parts.bus.partitionOf(org)));
  });
  for (const org of orgs) await org.close();
  return { log: log as Log, workspace };
};

/** The records of some topics as a producer sends them: each org in its order, the orgs in turn, a few records each. */
const interleave = (log: Log, names: readonly string[]): readonly (OutgoingRecord & { readonly was: number })[] =>
  names.flatMap((topic) => {
    const all: (OutgoingRecord & { was: number })[] = [];
    const queues = orgNames.map((org) => ({ org, records: [...(log.get(placeOf(topic, org)) ?? [])] }));
    for (let turn = 0; queues.some(({ records }) => records.length > 0); turn += 1)
      for (const { org, records } of queues)
        for (const { offset, ...record } of records.splice(0, 1 + (turn % 37)))
          all.push({ topic, org, ...record, was: offset });
    return all;
  });

/** By topic, org and the offset in the embedded log: the offset that the record gets in a partition that orgs share. */
const toOffsets = (bus: Pick<Bus, 'partitionOf'>, sent: ReturnType<typeof interleave>): ReadonlyMap<string, number> => {
  const ends = new Map<string, number>();
  const offsets = new Map<string, number>();
  for (const { topic, org, was } of sent) {
    const place = `${topic}/${bus.partitionOf(org)}`;
    offsets.set(`${placeOf(topic, org)}/${was}`, ends.get(place) ?? 0);
    ends.set(place, (ends.get(place) ?? 0) + 1);
  }
  return offsets;
};

const topicOf = (slug: string): string =>
  slug.endsWith('_24h')
    ? systemLogTopic.name
    : slug === 'okta_app_policy_exceptions'
      ? policySnapshotsTopic.name
      : userSnapshotsTopic.name;

const publishAll = async (bus: Bus, records: readonly OutgoingRecord[]): Promise<void> => {
  for (let from = 0; from < records.length; from += 500) await bus.publish(records.slice(from, from + 500));
};

/** Twenty seconds where nothing else runs, but not on a busy machine. */
const timeout = 180_000;

type Member = Awaited<ReturnType<typeof startMember>>;
const isProgress = ({ key }: BusRecord) => orgNames.some((org) => key === progressKey(org));
const toText = ({ value }: BusRecord) => value.toString();
const sorted = (texts: Iterable<string>) => [...new Set(texts)].sort();

describe('the processors and sinks on Kafka and a ClickHouse server', () => {
  let embedded: Awaited<ReturnType<typeof fillEmbedded>>;
  let workspace: KafkaWorkspace | undefined;
  let publisher: Member | undefined;
  beforeAll(async () => {
    if (!kafka.available || !registry.available || !clickHouse.available) return;
    embedded = await fillEmbedded();
    const engines = { brokers: kafka.brokers, registryUrl: registry.url, clickHouseUrl: clickHouse.url };
    workspace = await createKafkaWorkspace(engines, {
      orgs: orgNames.map((name) => toOrg(name, 'http://127.0.0.1:1')),
    });
    await makeTopics(workspace);
    publisher = await startMember(workspace, []);
  }, timeout);
  afterAll(async () => {
    await publisher?.end();
    await workspace?.remove();
    embedded?.workspace.remove();
  });

  it('give the readings of the embedded run, digest for digest, also while a member joins and one leaves', {
    timeout,
  }, async ({ skip }) => {
    for (const engine of [kafka, registry, clickHouse]) orSkip<object>(engine, skip);
    const [open, { bus, kafka: client }] = [workspace as KafkaWorkspace, publisher as Member];
    expect(orgNames.map(bus.partitionOf)).toEqual([2, 2, 1]);
    const sent = interleave(embedded.log, inputs);
    const logEnd = sent.findIndex(({ topic }) => topic !== systemLogTopic.name);
    const firstHalf = Math.floor(logEnd / 2);

    // The tables are there before the state is: the sinks make them.
    const sinks = await startMember(open, ['sinks']);
    const first = await startMember(open, ['processors']);
    await publishAll(bus, sent.slice(0, firstHalf));
    await untilAcked(bus, 'processors', inputs);
    const second = await startMember(open, ['processors']);
    const group = { prefix: open.prefix, group: 'processors', topic: systemLogTopic.name };
    await until('two members', 30_000, async () => (await countOwners({ bus, kafka: client }, group)) === 2);
    await publishAll(bus, sent.slice(firstHalf, logEnd));
    await untilAcked(bus, 'processors', inputs);
    await first.end();
    await publishAll(bus, sent.slice(logEnd));
    await untilAcked(bus, 'processors', inputs);
    await untilAcked(sinks.bus, 'clickhouse', [readingsTopic.name, ...inputs]);
    await Promise.all([second.end(), sinks.end()]);

    // Each record has the offset that it has by its place, so each version can be told beforehand.
    const offsets = toOffsets(bus, sent);
    const toComparable = (text: string, version: (reading: Reading) => string): string => {
      const reading = JSON.parse(text) as Reading;
      return JSON.stringify({ ...reading, version: version(reading) });
    };
    const versionOf = ({ org, slug, version }: Reading) =>
      String(offsets.get(`${placeOf(topicOf(slug), org)}/${version}`));
    const wanted = orgNames.flatMap((org) => embedded.log.get(placeOf(readingsTopic.name, org)) ?? []);
    const wantedReadings = wanted.filter((record) => !isProgress(record)).map(toText);
    const found = await readTopic(bus, readingsTopic.name);
    const foundReadings = sorted(found.filter((record) => !isProgress(record)).map(toText));
    expect(foundReadings).toEqual(sorted(wantedReadings.map((text) => toComparable(text, versionOf))));
    expect(sorted(found.filter(isProgress).map(toText))).toEqual(sorted(wanted.filter(isProgress).map(toText)));

    // What was compared is not nothing: revisions too, and the org that is alone has the versions of the embedded run.
    const parsed = wantedReadings.map((text) => JSON.parse(text) as Reading);
    for (const org of orgNames)
      expect(new Set(parsed.filter((reading) => reading.org === org).map(({ slug }) => slug))).toEqual(new Set(slugs));
    expect(parsed.length).toBeGreaterThan(20 + new Set(wanted.map(({ key }) => key)).size);
    const alone = parsed.filter(({ org }) => org === 'acme');
    expect(alone.map(versionOf)).toEqual(alone.map(({ version }) => version));

    const columns = `SELECT * EXCEPT (version), toString(version) AS version FROM readings FINAL ORDER BY org, slug, as_of`;
    type Row = Record<string, unknown> & { org: string; slug: string; version: string };
    const inEmbedded = await query<Row>(embedded.workspace, columns);
    expect(await open.rows<Row>(columns)).toEqual(
      inEmbedded.map((row) => ({
        ...row,
        version: String(offsets.get(`${placeOf(topicOf(row.slug), row.org)}/${row.version}`)),
      })),
    );
    const events = 'SELECT org, published, uuid, raw FROM events FINAL ORDER BY org, published, uuid';
    const eventRows = await open.rows<Row>(events);
    expect(eventRows.length).toBeGreaterThan(1_000);
    expect(eventRows).toEqual(await query<Row>(embedded.workspace, events));
  });
});
