import { z } from 'zod';
import { parseTimestamp } from './time.ts';

/** Raised whenever the fields or their order change: records with older facts are then parsed from their value. */
export const factsVersion = 2;

const text = z.string().nullable();

/**
 * What indicators and typed columns need of one event: raw inputs, not verdicts, so that a changed rule can be replayed
 * without parsing events again. No names, e-mail addresses or IP addresses; these stay in the event itself.
 * First comes what tells most events from those that an indicator looks at, then what is asked of these.
 */
export const factsSchema = z.object({
  pushOnlyResponseType: text,
  behaviors: text.describe('debugContext.debugData.behaviors: a Java map as text.'),
  logOnlySecurityData: text.describe('JSON as text; its behaviors are those evaluated for logging only.'),
  userBehaviors: z
    .array(z.tuple([z.string(), z.string()]))
    .nullable()
    .describe('securityContext.userBehaviors as [name, result].'),
  eventType: z.string(),
  publishedMs: z.int().describe('published, in milliseconds since the epoch.'),
  uuid: z.string(),
  authnRequestId: text,
  transactionId: text,
  externalSessionId: text,
  endedSessionId: text,
  actorId: text,
  outcomeResult: text,
  targets: z.array(z.tuple([z.string(), z.string()])).describe('Targets as [type, id].'),
  severity: text,
  outcomeReason: text,
  actorType: text,
  country: text,
  transactionType: text,
  apiTokenId: text.describe('transaction.detail.requestApiTokenId: the API token that made the call.'),
  rootSessionId: text,
  factor: text,
});

export type Facts = z.infer<typeof factsSchema>;

export type FactsOutcome =
  | { readonly ok: true; readonly facts: Facts }
  | { readonly ok: false; readonly reason: string };

const maxTextLength = 8_192;
const maxUuidLength = 128;
const maxListLength = 50;

type Json = Readonly<Record<string, unknown>>;
const nothing: Json = Object.freeze({});

/** The sub-object, or an empty one where Okta sent null, nothing, or something of another type. */
const objectAt = (parent: Json, key: string): Json => {
  const value = parent[key];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : nothing;
};

const textAt = (parent: Json, key: string): string | null => {
  const value = parent[key];
  if (typeof value !== 'string') return null;
  return value.length > maxTextLength ? value.slice(0, maxTextLength) : value;
};

const listAt = (parent: Json, key: string): readonly unknown[] => {
  const value = parent[key];
  return Array.isArray(value) ? value : [];
};

/** The API sends `behaviors` as a Java map in a string; copies that passed a SIEM hold an object or a list instead. */
const behaviorsText = (debugData: Json): string | null => {
  const value = debugData.behaviors;
  if (typeof value !== 'object' || value === null) return textAt(debugData, 'behaviors');
  const entries = Array.isArray(value)
    ? value.filter((entry) => typeof entry === 'string')
    : Object.entries(value).map(([name, result]) => (typeof result === 'string' ? `${name}=${result}` : name));
  return `{${entries.slice(0, maxListLength).join(', ')}}`.slice(0, maxTextLength);
};

const userBehaviors = (securityContext: Json): Facts['userBehaviors'] => {
  if (!Array.isArray(securityContext.userBehaviors)) return null;
  const pairs: [string, string][] = [];
  for (const entry of listAt(securityContext, 'userBehaviors').slice(0, maxListLength)) {
    if (typeof entry !== 'object' || entry === null) continue;
    const name = textAt(entry as Json, 'name');
    if (name !== null) pairs.push([name, textAt(entry as Json, 'result') ?? 'UNKNOWN']);
  }
  return pairs;
};

const targets = (event: Json): Facts['targets'] => {
  const pairs: [string, string][] = [];
  for (const entry of listAt(event, 'target').slice(0, maxListLength)) {
    if (typeof entry !== 'object' || entry === null) continue;
    const id = textAt(entry as Json, 'id');
    if (id !== null) pairs.push([textAt(entry as Json, 'type') ?? '', id]);
  }
  return pairs;
};

/**
 * The facts of one parsed System Log event. Never throws: an event whose uuid, published and eventType are usable has
 * facts, whatever else is null, missing or of another type; any other gets the reason for the dead letter.
 * Source of the shapes: Okta's System Log API, `LogEvent`, and its rule that null properties may be omitted.
 */
export const toFacts = (value: unknown): FactsOutcome => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { ok: false, reason: 'The event is not a JSON object.' };
  }
  const event = value as Json;
  const uuid = event.uuid;
  if (typeof uuid !== 'string' || uuid === '' || uuid.length > maxUuidLength) {
    return { ok: false, reason: `uuid: a non-empty text of at most ${maxUuidLength} characters is needed.` };
  }
  const publishedMs = parseTimestamp(event.published);
  if (publishedMs === undefined) {
    return { ok: false, reason: 'published: not a real date in the form 2026-01-31T12:00:00.000Z.' };
  }
  const eventType = textAt(event, 'eventType');
  if (eventType === null || eventType === '') return { ok: false, reason: 'eventType: a non-empty text is needed.' };

  const outcome = objectAt(event, 'outcome');
  const actor = objectAt(event, 'actor');
  const authentication = objectAt(event, 'authenticationContext');
  const debugData = objectAt(objectAt(event, 'debugContext'), 'debugData');
  const transaction = objectAt(event, 'transaction');
  return {
    ok: true,
    facts: {
      pushOnlyResponseType: textAt(debugData, 'pushOnlyResponseType'),
      behaviors: behaviorsText(debugData),
      logOnlySecurityData: textAt(debugData, 'logOnlySecurityData'),
      userBehaviors: userBehaviors(objectAt(event, 'securityContext')),
      eventType,
      publishedMs,
      uuid,
      authnRequestId: textAt(debugData, 'authnRequestId'),
      transactionId: textAt(transaction, 'id'),
      externalSessionId: textAt(authentication, 'externalSessionId'),
      endedSessionId: textAt(debugData, 'endedSessionId'),
      actorId: textAt(actor, 'id'),
      outcomeResult: textAt(outcome, 'result'),
      targets: targets(event),
      severity: textAt(event, 'severity'),
      outcomeReason: textAt(outcome, 'reason'),
      actorType: textAt(actor, 'type'),
      country: textAt(objectAt(objectAt(event, 'client'), 'geographicalContext'), 'country'),
      transactionType: textAt(transaction, 'type'),
      apiTokenId: textAt(objectAt(transaction, 'detail'), 'requestApiTokenId'),
      rootSessionId: textAt(authentication, 'rootSessionId'),
      factor: textAt(debugData, 'factor'),
    },
  };
};
