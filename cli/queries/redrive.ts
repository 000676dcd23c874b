import type { Bus, OutgoingRecord } from '../../runtime/bus/bus.ts';
import type { DeadLetter } from '../../schemas/dead-letter.ts';
import { toFacts } from '../../schemas/facts.ts';
import { encodeFacts, factsHeader } from '../../schemas/facts-header.ts';
import { readingKey, readingSchema } from '../../schemas/reading.ts';
import { runKey, runSchema } from '../../schemas/run.ts';
import {
  appLinksKey,
  appLinksSnapshotSchema,
  factorsKey,
  factorsSnapshotSchema,
  policyKey,
  policySnapshotSchema,
  userKey,
  userSnapshotSchema,
} from '../../schemas/snapshots.ts';
import {
  policySnapshotsTopic,
  readingsTopic,
  runsTopic,
  systemLogTopic,
  topics,
  userSnapshotsTopic,
} from '../../schemas/topics.ts';

export interface RedriveResult {
  readonly id: string;
  readonly redriven: boolean;
  /** Where it was appended; null when it was not. */
  readonly topic: string | null;
  /** Why it cannot be used; null when it was. */
  readonly reason: string | null;
}

type Outcome = { readonly ok: true; readonly record: OutgoingRecord } | { readonly ok: false; readonly reason: string };

const refuse = (reason: string): Outcome => ({ ok: false, reason });

const logOrigins: readonly string[] = ['GET /api/v1/logs', systemLogTopic.name];

const toEvent = (org: string, bytes: Buffer, value: unknown): Outcome => {
  const outcome = toFacts(value);
  if (!outcome.ok) return outcome;
  const headers = { [factsHeader]: encodeFacts(outcome.facts) };
  return { ok: true, record: { topic: systemLogTopic.name, org, key: org, value: bytes, headers } };
};

/** By topic, the key of a value; undefined for one that has another shape. */
const keysByTopic: Readonly<Record<string, (org: string, value: unknown) => string | undefined>> = {
  [userSnapshotsTopic.name]: (org, value) => {
    const user = userSnapshotSchema.safeParse(value);
    if (user.success) return userKey(org, user.data.id);
    const factors = factorsSnapshotSchema.safeParse(value);
    if (factors.success) return factorsKey(org, factors.data.id);
    const links = appLinksSnapshotSchema.safeParse(value);
    return links.success ? appLinksKey(org, links.data.id) : undefined;
  },
  [policySnapshotsTopic.name]: (org, value) => {
    const policy = policySnapshotSchema.safeParse(value);
    return policy.success ? policyKey(org, policy.data.id) : undefined;
  },
  [readingsTopic.name]: (org, value) => {
    const reading = readingSchema.safeParse(value);
    return reading.success ? readingKey(org, reading.data.slug, reading.data.asOf) : undefined;
  },
  [runsTopic.name]: (org, value) => {
    const run = runSchema.safeParse(value);
    return run.success ? runKey(org, run.data.id) : undefined;
  },
};

const kindOf = (value: unknown): unknown =>
  typeof value === 'object' && value !== null ? (value as { kind?: unknown }).kind : undefined;

const toRecord = (letter: DeadLetter): Outcome => {
  const { org, origin } = letter;
  if (letter.truncated) return refuse('The record was too large, and only its beginning is kept.');
  const bytes = Buffer.from(letter.bytes, 'base64');
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    return refuse('The bytes are not JSON.');
  }
  const kind = kindOf(value);
  if (topics.some(({ name }) => name === origin) && (kind === 'progress' || kind === 'sweep')) {
    return refuse('It tells how far a source was read: newer records of the kind stand in its place.');
  }
  if (logOrigins.includes(origin)) return toEvent(org, bytes, value);
  const toKey = keysByTopic[origin];
  if (toKey === undefined) {
    return refuse(`What ${origin} gave is asked for again with the next sweep: there is nothing to send through.`);
  }
  const key = toKey(org, value);
  return key === undefined
    ? refuse(`It does not have the shape of a record of ${origin}.`)
    : { ok: true, record: { topic: origin, org, key, value: bytes } };
};

/**
 * Looks at a dead letter again, by the rules of this version, and appends it where it belongs if it can be used now.
 * Doing so twice changes nothing: events are told apart by (published, uuid), all else by key and version. The
 * dead letter itself stays listed until its topic forgets it.
 */
export const redrive = async (bus: Bus, letter: DeadLetter): Promise<RedriveResult> => {
  const outcome = toRecord(letter);
  if (!outcome.ok) return { id: letter.id, redriven: false, topic: null, reason: outcome.reason };
  await bus.publish([outcome.record]);
  return { id: letter.id, redriven: true, topic: outcome.record.topic, reason: null };
};
