import pino from 'pino';
import { afterEach } from 'vitest';
import { createOktaClient } from '../../ingest/okta/client.ts';
import { createDispatcher } from '../../ingest/okta/dispatcher.ts';
import { type IngestOptions, type IngestSummary, runIngest } from '../../ingest/run-ingest.ts';
import { ingestSettingsSchema } from '../../ingest/settings.ts';
import type { Bus } from '../../runtime/bus/bus.ts';
import { createMemoryBus } from '../../runtime/bus/memory-bus.ts';
import type { Clock } from '../../runtime/clock.ts';
import { Secret } from '../../runtime/secret.ts';
import { createEagerClock } from './eager-clock.ts';
import { answerFrom, event, type ModelOrg } from './model-org.ts';
import { type Answer, type ScriptedOkta, startScriptedOkta } from './scripted-okta.ts';

/** The Okta servers and connections that a test opened are closed at its end, in each file that imports this one. */
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

export const name = 'acme';
const logger = pino({ level: 'silent' });

interface Scene {
  readonly server: ScriptedOkta;
  readonly bus: Bus;
  /** Okta's clock, as its Date header tells it. */
  now: string;
  once(settings?: object, options?: Partial<IngestOptions>): Promise<IngestSummary>;
}

/** A fresh client each run, as after a restart of the process; the bus and the org stay. */
export const stage = async (org: ModelOrg, bus: Bus = createMemoryBus()): Promise<Scene> => {
  const scene = { now: '2026-11-24T12:00:30.000Z' };
  const server = await startScriptedOkta(
    (request, ordinal) => answerFrom(org, request, ordinal),
    () => new Date(scene.now).toUTCString(),
  );
  closers.push(() => server.close());
  const once = async (settings: object = {}, options: Partial<IngestOptions> = {}): Promise<IngestSummary> => {
    const clock: Clock = options.clock ?? createEagerClock();
    const dispatcher = createDispatcher({ allowLoopback: true });
    closers.push(() => dispatcher.close());
    const token = new Secret('token');
    const okta = createOktaClient({
      baseUrl: server.url,
      token,
      dispatcher,
      clock,
      random: () => 0,
      rateShare: 0.5,
      concurrency: 4,
      attempts: 2,
    });
    const source = { org: name, okta, settings: ingestSettingsSchema.parse(settings) };
    const signal = new AbortController().signal;
    const all = { orgs: [source], bus, clock, logger, until: 'caught-up' as const, signal, ...options };
    const summary = (await runIngest(all)).get(name);
    if (summary === undefined) throw new Error('no summary');
    return summary;
  };
  return Object.assign(scene, { server, bus, once });
};

interface Read {
  readonly key: string;
  readonly value: Record<string, unknown>;
  readonly text: string;
  readonly facts: string | undefined;
}

export const recordsOf = async (bus: Bus, topic: string): Promise<Read[]> => {
  const all: Read[] = [];
  for await (const records of bus.read(topic, 0, 0)) {
    for (const { key, value, headers } of records) {
      const text = value.toString();
      all.push({ key, text, value: JSON.parse(text), facts: headers.facts });
    }
  }
  return all;
};

export const valuesOf = async (bus: Bus, topic: string, key: string): Promise<Record<string, unknown>[]> =>
  (await recordsOf(bus, topic)).filter((record) => record.key === key).map(({ value }) => value);

export const progressOf = async (bus: Bus, topic = 'okta.system-log') => valuesOf(bus, topic, `${name}/progress`);
export const sweepsOf = async (bus: Bus, kind: string) =>
  valuesOf(bus, kind === 'policies' ? 'okta.policy-snapshots' : 'okta.user-snapshots', `${name}/sweep/${kind}`);
export const idsOf = async (bus: Bus): Promise<string[]> =>
  (await recordsOf(bus, 'okta.system-log')).filter(({ key }) => key === name).map(({ value }) => String(value.uuid));

export const refusal = (status: number, errorCode: string): Answer => ({
  status,
  json: { errorCode, errorSummary: 'No' },
});
export const people = (count: number, status = 'ACTIVE') =>
  Array.from({ length: count }, (_, index) => ({ id: `${status.toLowerCase()}${index}`, status }));
export const minutes = (count: number): object[] =>
  Array.from({ length: count }, (_, index) =>
    event(`e${index}`, new Date(Date.parse('2026-11-24T00:00:00.000Z') + index * 1_000).toISOString()),
  );
