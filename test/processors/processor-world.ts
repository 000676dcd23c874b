import type { IndicatorSettings } from '../../processors/indicator.ts';
import { runProcessors } from '../../processors/run-processors.ts';
import type { Bus, OutgoingRecord } from '../../runtime/bus/bus.ts';
import { createMemoryBus } from '../../runtime/bus/memory-bus.ts';
import { createMemoryStateStore } from '../../runtime/memory-state-store.ts';
import type { StateStore } from '../../runtime/state-store.ts';
import { encodeFacts, factsHeader } from '../../schemas/facts-header.ts';
import { progressKey } from '../../schemas/progress.ts';
import type { Reading } from '../../schemas/reading.ts';
import { minuteMs } from '../../schemas/time.ts';
import { policySnapshotsTopic, readingsTopic, systemLogTopic, userSnapshotsTopic } from '../../schemas/topics.ts';
import { adminAccess, ago, denyPush, noon, type OktaEvent, signIn, signOut } from './events.ts';
import { factsOf, progressAt, type Step } from './given.ts';
import { factors, policy, postureProgress, sweep, user } from './snapshots.ts';

/** Records of several orgs as ingest publishes them, and the processors over a bus in memory. */
type Value = Readonly<Record<string, unknown>>;

export const toRecord = (topic: string, org: string, key: string, value: Value): OutgoingRecord => ({
  topic,
  org,
  key,
  value: Buffer.from(JSON.stringify(value)),
});

export const eventRecord = (org: string, event: OktaEvent): OutgoingRecord => ({
  ...toRecord(systemLogTopic.name, org, org, event),
  headers: { [factsHeader]: encodeFacts(factsOf(event)) },
});

export const progressRecord = (topic: string, org: string, value: Value) =>
  toRecord(topic, org, progressKey(org), value);

const isEvent = (step: Step): step is OktaEvent => 'uuid' in step;

const velocity = '{Velocity=POSITIVE}';
const renamed = '{Too far=POSITIVE}';

/** A log with late events and a source that fails for a while. */
export const logOf = (org: string): OutgoingRecord[] =>
  [
    adminAccess(ago({ hours: 20 }), '102a'),
    signIn(ago({ hours: 3 }), velocity),
    denyPush(ago({ hours: 2 })),
    progressAt(noon),
    denyPush(ago({ hours: 1 })),
    signOut(ago({ hours: 4 }), '102a'),
    progressAt(noon + 2 * minuteMs),
    denyPush(ago({ minutes: 5 })),
    progressAt(noon + 2 * minuteMs, { state: 'failing' }),
    signIn(ago({ minutes: 4 }), renamed),
    progressAt(noon + 4 * minuteMs),
    denyPush(noon + 3 * minuteMs),
    progressAt(noon + 5 * minuteMs),
    signIn(noon + 5 * minuteMs, velocity),
  ].map((step) => (isEvent(step) ? eventRecord(org, step) : progressRecord(systemLogTopic.name, org, step)));

export const postureOf = (org: string): OutgoingRecord[] => [
  toRecord(userSnapshotsTopic.name, org, `${org}/user/ada`, user('ada')),
  toRecord(userSnapshotsTopic.name, org, `${org}/user/ada/factors`, factors('ada', ['push OKTA ACTIVE'])),
  toRecord(userSnapshotsTopic.name, org, `${org}/sweep/users`, sweep('users')),
  progressRecord(userSnapshotsTopic.name, org, postureProgress(1)),
  toRecord(userSnapshotsTopic.name, org, `${org}/user/bob`, user('bob')),
  toRecord(userSnapshotsTopic.name, org, `${org}/user/bob/factors`, factors('bob', [])),
  progressRecord(userSnapshotsTopic.name, org, postureProgress(2)),
  toRecord(policySnapshotsTopic.name, org, `${org}/policy/p`, policy('p', [{ verificationMethod: null }])),
  progressRecord(policySnapshotsTopic.name, org, postureProgress(1)),
  toRecord(policySnapshotsTopic.name, org, `${org}/sweep/policies`, sweep('policies')),
  progressRecord(policySnapshotsTopic.name, org, postureProgress(2)),
];

export const settingsOf = (org: string, more: Partial<IndicatorSettings> = {}): IndicatorSettings => ({
  org,
  userSampleCap: 2000,
  velocityNames: [],
  ...more,
});

/** Hands out batches of at most `size` records; `failingAck` makes the ack of so many batches fail, once. */
export const withBatches = (bus: Bus, size: number, failingAck?: { left: number }): Bus => ({
  ...bus,
  consume: async function* (options) {
    for await (const assignment of bus.consume(options)) {
      yield {
        ...assignment,
        batches: async function* (from) {
          for await (const batch of assignment.batches(from)) {
            for (let start = 0; start < batch.records.length; start += size) {
              let acked = () => {};
              const settled = new Promise<void>((resolve) => {
                acked = () => {
                  assignment.signal.removeEventListener('abort', acked);
                  resolve();
                };
                assignment.signal.addEventListener('abort', acked);
              });
              const records = batch.records.slice(start, start + size);
              const ack = async () => {
                if (failingAck !== undefined) {
                  failingAck.left -= 1;
                  if (failingAck.left === 0) throw new Error('crash before the ack');
                }
                if (start + size >= batch.records.length) await batch.ack();
                acked();
              };
              yield { ...batch, records, ack };
              await settled;
              if (assignment.signal.aborted) return;
            }
          }
        },
      };
    }
  },
});

export const createWorld = (orgs: readonly IndicatorSettings[] = [settingsOf('acme')]) => {
  const bus = createMemoryBus();
  const store = createMemoryStateStore(bus);
  return {
    bus,
    store,
    run: (more: Partial<{ bus: Bus; store: StateStore; orgs: readonly IndicatorSettings[] }> = {}) =>
      runProcessors({ bus, store, orgs, until: 'caught-up', signal: new AbortController().signal, ...more }),
    published: async (): Promise<{ key: string; value: string }[]> => {
      const all: { key: string; value: string }[] = [];
      for await (const records of bus.read(readingsTopic.name, 0, 0)) {
        for (const { key, value } of records) all.push({ key, value: value.toString() });
      }
      return all;
    },
  };
};

export const isProgress = ({ key }: { key: string }) => key.endsWith('/progress');
export const toReadings = (published: readonly { key: string; value: string }[]): Reading[] =>
  published.filter((record) => !isProgress(record)).map(({ value }) => JSON.parse(value));
export const sorted = (published: readonly { key: string; value: string }[]) =>
  [...published].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
/** The topics are folded side by side, so only the order within one is told. */
export const ofTheLog = (published: readonly { key: string; value: string }[]) =>
  published.filter(({ key }) => isProgress({ key }) || key.includes('_24h'));

/** What a store by key and version keeps of them. */
export const distinct = (published: readonly { key: string; value: string }[]) =>
  [...new Set(published.filter((record) => !isProgress(record)).map((record) => JSON.stringify(record)))].sort();

export const all = [...logOf('acme'), ...postureOf('acme')];

export const reference = async () => {
  const world = createWorld();
  await world.bus.publish(all);
  await world.run();
  return world.published();
};
