import { type Facts, toFacts } from '../../../schemas/facts.ts';
import { encodeFacts, factsHeader } from '../../../schemas/facts-header.ts';
import type { Reading } from '../../../schemas/reading.ts';
import type { SinkRecord } from '../../../sinks/sink.ts';

export const systemLog = 'okta.system-log';

export const exampleFacts = (changes: Partial<Facts> = {}): Facts => ({
  uuid: 'event-1',
  publishedMs: Date.UTC(2026, 2, 1, 12, 0, 0, 123),
  eventType: 'user.session.start',
  severity: 'INFO',
  outcomeResult: 'SUCCESS',
  outcomeReason: null,
  actorId: '00u1',
  actorType: 'User',
  country: 'Norway',
  transactionId: 'T1',
  transactionType: 'WEB',
  apiTokenId: null,
  externalSessionId: '102a',
  rootSessionId: null,
  authnRequestId: null,
  endedSessionId: null,
  factor: null,
  pushOnlyResponseType: null,
  behaviors: '{Velocity=NEGATIVE}',
  logOnlySecurityData: null,
  userBehaviors: null,
  targets: [],
  ...changes,
});

export const toRecord = (
  topic: string,
  key: string,
  offset: number,
  value: unknown,
  headers: Record<string, string> = {},
): SinkRecord => ({
  topic,
  key,
  offset,
  value: Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value)),
  headers,
});

/** An event as the poller publishes it: its own bytes, and its facts in the header. */
export const eventRecord = (offset: number, event: Record<string, unknown>, org = 'acme'): SinkRecord => {
  const outcome = toFacts(event);
  const headers = outcome.ok ? { [factsHeader]: encodeFacts(outcome.facts) } : {};
  return toRecord(systemLog, org, offset, event, headers);
};

export const exampleEvent = (uuid: string, published: string, changes: Record<string, unknown> = {}) => ({
  uuid,
  published,
  eventType: 'user.session.start',
  actor: { id: '00u1', type: 'User' },
  ...changes,
});

export const progressRecord = (topic: string, offset: number, asOf: string, org = 'acme'): SinkRecord =>
  toRecord(topic, `${org}/progress`, offset, {
    kind: 'progress',
    asOf,
    spans: [{ from: '2026-02-27T12:00:00.000Z', to: asOf }],
    state: 'ok',
    engine: 'idx',
    scopes: ['okta.logs.read'],
    deadLettered: ['2026-03-01T11:00:00.000Z'],
    cursors: { main: 'https://acme.okta.com/api/v1/logs?after=1' },
  });

export const exampleReading = (changes: Partial<Reading> = {}): Reading => ({
  org: 'acme',
  slug: 'okta_mfa_adoption_pct',
  asOf: '2026-03-01T12:00:00.000Z',
  draxis: { value: 66.7, numerator: 2, denominator: 3, status: 'ok', coverage: 1 },
  corrected: { value: null, numerator: null, denominator: null, status: 'unknown', reason: 'coverage', coverage: 0.5 },
  measures: { active: 3, sampled: null },
  version: '42',
  digest: '00112233445566778899aabbccddeeff',
  ...changes,
});

export const readingRecord = (offset: number, reading: Reading): SinkRecord =>
  toRecord('kri.readings', `${reading.org}/${reading.slug}/${reading.asOf}`, offset, reading);
