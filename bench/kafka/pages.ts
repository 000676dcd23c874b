import { toPageRecords, toProgressRecord } from '../../ingest/run/to-records.ts';
import { type LogPage, logPageLimit } from '../../ingest/system-log.ts';
import type { OutgoingRecord } from '../../runtime/bus/bus.ts';
import { type FactsOutcome, toFacts } from '../../schemas/facts.ts';
import { toTimestamp } from '../../schemas/time.ts';
import { systemLogTopic } from '../../schemas/topics.ts';

export interface BenchPage {
  readonly org: string;
  readonly events: readonly Buffer[];
}

/** Pages as full as Okta's are while a poller catches up; events go round the orgs, so that each gets the same share. */
export async function* toPages(
  batches: AsyncIterable<readonly Buffer[]>,
  orgs: readonly string[],
  pageEvents = logPageLimit,
): AsyncGenerator<BenchPage> {
  const waiting = orgs.map((): Buffer[] => []);
  let turn = 0;
  for await (const batch of batches)
    for (const bytes of batch) {
      const at = turn % orgs.length;
      turn += 1;
      const events = waiting[at] ?? [];
      events.push(bytes);
      if (events.length < pageEvents) continue;
      waiting[at] = [];
      yield { org: orgs[at] ?? '', events };
    }
}

const toOutcome = (bytes: Buffer): FactsOutcome => toFacts(JSON.parse(bytes.toString('utf8')));

/** Before the first event of the benchmarks' world by more than a window, so that each minute has its readings. */
const readFromMs = Date.UTC(2026, 0, 4);

/** The progress after a page: all is read. */
export const toPageProgress = (org: string, asOfMs: number): OutgoingRecord =>
  toProgressRecord(systemLogTopic.name, org, {
    kind: 'progress',
    asOf: toTimestamp(asOfMs),
    spans: [{ from: toTimestamp(readFromMs), to: toTimestamp(asOfMs) }],
    state: 'ok',
    engine: 'idx',
    scopes: [],
    deadLettered: [],
    cursors: { log: `/api/v1/logs?after=${asOfMs}_1&limit=${logPageLimit}` },
  });

/** Turns pages into what ingest publishes for each: its events with their facts, then its progress. */
export const createToRecords = () => {
  const asOf = new Map<string, number>();
  return ({ org, events }: BenchPage) => {
    const parsed = events.map((bytes) => ({ bytes, outcome: toOutcome(bytes) }));
    const published = parsed.map(({ outcome }) => (outcome.ok ? outcome.facts.publishedMs : 0));
    const asOfMs = Math.max(asOf.get(org) ?? 0, ...published);
    asOf.set(org, asOfMs);
    const page: LogPage = {
      records: parsed,
      cursor: '',
      asOfMs,
      dateMs: asOfMs,
      full: true,
      withoutNext: false,
      repeated: false,
    };
    return { records: toPageRecords(org, page).records, progress: toPageProgress(org, asOfMs), asOfMs };
  };
};
