import { createHash } from 'node:crypto';
import { type FactsOutcome, toFacts } from '../schemas/facts.ts';
import { dayMs, hourMs, toTimestamp } from '../schemas/time.ts';
import { cutArray } from './json-array.ts';
import { pageAsOf } from './log-as-of.ts';
import type { OktaClient, OktaResponse } from './okta/client.ts';
import { oktaFailure, toBodyError } from './okta/okta-error.ts';

export const logPath = '/api/v1/logs';
export const logPageLimit = 1_000;
const retentionMs = 90 * dayMs;
/** Events may be persisted up to an hour late (Okta's event hooks page); a lost cursor is replaced with that overlap. */
const overlapMs = hourMs;

export interface LogRecord {
  /** The event's own bytes, cut from the page. */
  readonly bytes: Buffer;
  readonly outcome: FactsOutcome;
}

/** Bounds of what a lost cursor made Kriver read again, or, past Okta's retention, could not. */
export interface CursorReset {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly lost: boolean;
}

export interface LogPage {
  readonly records: readonly LogRecord[];
  /** What to pass as `after` for what follows: Okta's next link, or this page's own URL when it had none. */
  readonly cursor: string;
  readonly asOfMs: number | undefined;
  readonly dateMs: number;
  readonly full: boolean;
  /** The page came without a next link, which polling always has; the cursor stays where it was. */
  readonly withoutNext: boolean;
  /** The same page for the same cursor as before: its records are left out. */
  readonly repeated: boolean;
  readonly reset?: CursorReset;
}

/** What the no-progress guard remembers of the last page, across passes. One object a source. */
export interface LogMemory {
  cursor?: string;
  digest?: string;
}

/** The polling query from a moment on; persistence order, and `until` never given (Okta: System Log query, polling). */
export const sinceUrl = (sinceMs: number): string =>
  `${logPath}?since=${encodeURIComponent(toTimestamp(sinceMs))}&limit=${logPageLimit}&sortOrder=ASCENDING`;

const toRecords = (response: OktaResponse): readonly LogRecord[] => {
  const cuts = cutArray(response.body);
  if (!Array.isArray(response.json) || cuts === undefined || cuts.length !== response.json.length) {
    throw toBodyError({ method: 'GET', path: logPath }, 'the answer is not an array of events', response.requestId);
  }
  const values: readonly unknown[] = response.json;
  return cuts.map((bytes, index) => ({ bytes, outcome: toFacts(values[index]) }));
};

/**
 * One pass over the System Log: pages from a cursor (or a moment) on, until a page is shorter than the limit. A busy
 * org never sends an empty page, so a pass that waits for one would not end and would eat the minute's rate limit.
 * No sleep in it: the caller publishes a page before it asks for the next, and waits between passes.
 * A cursor that Okta refuses (400) is replaced by a query from an hour before `lastAsOfMs`; repeats are deduplicated by
 * (published, uuid) where events are folded. Throws what the client throws.
 */
export async function* systemLog(options: {
  okta: OktaClient;
  start: { readonly after: string } | { readonly sinceMs: number };
  /** How far the log was read before, for a cursor that is lost. */
  lastAsOfMs?: number;
  memory: LogMemory;
  signal: AbortSignal;
}): AsyncGenerator<LogPage> {
  const { okta, memory, signal } = options;
  let target = 'after' in options.start ? options.start.after : sinceUrl(options.start.sinceMs);
  let lastAsOfMs = options.lastAsOfMs;
  let reset: CursorReset | undefined;
  for (;;) {
    let response: OktaResponse;
    try {
      response = await okta.get(target, { priority: 'log', signal });
    } catch (error) {
      if (oktaFailure(error)?.status !== 400 || reset !== undefined || lastAsOfMs === undefined) throw error;
      const oldestMs = (okta.dateMs() ?? lastAsOfMs) - retentionMs;
      const fromMs = Math.max(lastAsOfMs - overlapMs, oldestMs);
      reset = { fromMs, untilMs: lastAsOfMs, lost: fromMs > lastAsOfMs };
      target = sinceUrl(fromMs);
      continue;
    }
    const records = toRecords(response);
    const full = records.length >= logPageLimit;
    // Only a link that does not lead on can bring the same page again, so other pages are not hashed.
    const stays = response.next === undefined || response.next === target || memory.cursor === target;
    const digest = stays ? createHash('sha256').update(response.body).digest('base64') : '';
    const repeated = stays && records.length > 0 && memory.cursor === target && memory.digest === digest;
    const publishedMs = records.flatMap(({ outcome }) => (outcome.ok ? [outcome.facts.publishedMs] : []));
    const asOfMs = pageAsOf({ dateMs: response.dateMs, publishedMs, full, size: records.length });
    lastAsOfMs = Math.max(lastAsOfMs ?? 0, asOfMs ?? 0) || lastAsOfMs;
    yield {
      records: repeated ? [] : records,
      cursor: response.next ?? target,
      asOfMs,
      dateMs: response.dateMs,
      full,
      withoutNext: response.next === undefined,
      repeated,
      ...(reset === undefined ? {} : { reset }),
    };
    // Remembered only now that the caller came back for more: a page that it could not publish is no repetition.
    memory.cursor = target;
    memory.digest = digest;
    reset = undefined;
    if (!full || repeated || response.next === undefined) return;
    target = response.next;
  }
}
