import { runProcessors } from '../../processors/run-processors.ts';
import type { Bus, OutgoingRecord } from '../../runtime/bus/bus.ts';
import { createMemoryBus } from '../../runtime/bus/memory-bus.ts';
import { createVirtualClock } from '../../runtime/clock.ts';
import { createMemoryStateStore } from '../../runtime/memory-state-store.ts';
import { encodeFacts, factsHeader } from '../../schemas/facts-header.ts';
import { type Progress, progressKey, type SweepKind, sweepKey } from '../../schemas/progress.ts';
import { type Reading, readingSchema } from '../../schemas/reading.ts';
import { appLinksKey, factorsKey, policyKey, userKey } from '../../schemas/snapshots.ts';
import { minuteMs, toTimestamp } from '../../schemas/time.ts';
import { policySnapshotsTopic, readingsTopic, systemLogTopic, userSnapshotsTopic } from '../../schemas/topics.ts';
import { noon, type OktaEvent } from './events.ts';
import { factsOf, org, progressAt, settings } from './given.ts';

/** Records of one org as ingest publishes them, for tests that begin at the topics. */
const toRecord = (topic: string, key: string, value: unknown, headers?: Record<string, string>): OutgoingRecord => ({
  topic,
  org,
  key,
  value: Buffer.from(JSON.stringify(value)),
  ...(headers === undefined ? {} : { headers }),
});

export const eventRecord = (event: OktaEvent): OutgoingRecord =>
  toRecord(systemLogTopic.name, org, event, { [factsHeader]: encodeFacts(factsOf(event)) });

export const progressRecord = (topic: string, atMs: number, more: Partial<Progress> = {}): OutgoingRecord =>
  toRecord(topic, progressKey(org), progressAt(atMs, more));

/** Before everything that is observed later; each observation is a second newer than the one before. */
let observed = noon - 30 * minuteMs;
const observedAt = (): string => {
  observed += 1000;
  return toTimestamp(observed);
};

export const userRecord = (id: string, status: string, name?: string): OutgoingRecord =>
  toRecord(userSnapshotsTopic.name, userKey(org, id), {
    kind: 'user',
    id,
    status,
    ...(name === undefined ? {} : { name }),
    observedAt: observedAt(),
  });

export const factorsRecord = (id: string, ...factors: readonly (readonly [type: string, status?: string])[]) =>
  toRecord(userSnapshotsTopic.name, factorsKey(org, id), {
    kind: 'factors',
    id,
    factors: factors.map(([factorType, status = 'ACTIVE']) => ({ factorType, provider: 'OKTA', status })),
    observedAt: observedAt(),
  });

export const appLinksRecord = (id: string, ...labels: readonly string[]): OutgoingRecord =>
  toRecord(userSnapshotsTopic.name, appLinksKey(org, id), {
    kind: 'applinks',
    id,
    apps: labels.map((label, index) => ({ appInstanceId: `0oa${index}`, label })),
    links: labels.length,
    observedAt: observedAt(),
  });

export const sweepRecord = (kind: SweepKind, read: number): OutgoingRecord =>
  toRecord(kind === 'policies' ? policySnapshotsTopic.name : userSnapshotsTopic.name, sweepKey(org, kind), {
    kind: 'sweep',
    sweep: kind,
    began: toTimestamp(noon - 40 * minuteMs),
    completed: toTimestamp(noon - minuteMs),
    state: 'ok',
    wanted: read,
    read,
    next: null,
  });

export const policyRecord = (
  id: string,
  rules: readonly { readonly id: string; readonly status?: string; readonly method?: unknown }[],
  more: { readonly status?: string; readonly resourceType?: string } = {},
): OutgoingRecord =>
  toRecord(policySnapshotsTopic.name, policyKey(org, id), {
    kind: 'policy',
    id,
    name: `Policy ${id}`,
    status: more.status ?? 'ACTIVE',
    resourceType: more.resourceType ?? 'APP',
    rules: rules.map((rule) => ({
      id: rule.id,
      name: `Rule ${rule.id}`,
      status: rule.status ?? 'ACTIVE',
      access: 'ALLOW',
      verificationMethod: rule.method ?? null,
    })),
    observedAt: observedAt(),
  });

export interface ProcessedBus {
  readonly bus: Bus;
  readonly store: ReturnType<typeof createMemoryStateStore>;
  readonly clock: ReturnType<typeof createVirtualClock>;
  /** Publishes and folds into readings. */
  process(...records: readonly OutgoingRecord[]): Promise<void>;
  readings(): Promise<readonly Reading[]>;
}

/** A bus in memory and the real processors over it. */
export const createProcessedBus = (): ProcessedBus => {
  const clock = createVirtualClock(noon);
  const bus = createMemoryBus({ clock });
  const store = createMemoryStateStore(bus);
  return {
    bus,
    store,
    clock,
    process: async (...records) => {
      await bus.publish(records);
      const signal = new AbortController().signal;
      await runProcessors({ bus, store, orgs: [settings], until: 'caught-up', signal });
    },
    readings: async () => {
      const readings: Reading[] = [];
      for await (const records of bus.read(readingsTopic.name, 0, 0)) {
        for (const { key, value } of records) {
          if (!key.endsWith('/progress')) readings.push(readingSchema.parse(JSON.parse(value.toString('utf8'))));
        }
      }
      return readings;
    },
  };
};
