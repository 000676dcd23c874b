import type { PlannedEvent } from '../world/event.ts';
import { fromTimedUuid } from '../world/random.ts';
import type { Position, World } from '../world/world.ts';
import { type Reply, toError } from './errors.ts';
import { parseEqualities, parseLimit, withQuery } from './filters.ts';

const path = '/api/v1/logs';
const weekMs = 7 * 86_400_000;
/** As much as one query looks through when a filter lets little pass. */
const scanLimit = 200_000;

type Wanted = (event: PlannedEvent) => boolean;

const toPage = (events: readonly PlannedEvent[], next: string | undefined): Reply => ({
  status: 200,
  body: `[${events.map((event) => event.json()).join(',')}]`,
  links: true,
  ...(next === undefined ? {} : { next }),
});

const parsePosition = (after: string): Position | undefined => {
  const match = /^(\d{1,15})_(\d{1,9})$/.exec(after);
  return match === null ? undefined : { ms: Number(match[1]), n: Number(match[2]) };
};

/**
 * Polling mode: ordered by persistence, `since` means persistence time, and the next link is always there, even on an
 * empty page, so that a client that follows it until `[]` never ends on a busy org.
 */
const poll = (world: World, query: URLSearchParams, start: Position, limit: number, wanted: Wanted): Reply => {
  const nowMs = world.options.clock.now();
  const events: PlannedEvent[] = [];
  let position = start;
  for (let scanned = 0; events.length < limit && scanned < scanLimit; ) {
    const batch = world.persistedAfter(position, nowMs, limit);
    scanned += batch.length;
    for (const served of batch) {
      if (events.length === limit) break;
      position = served.position;
      if (wanted(served.event)) events.push(served.event);
    }
    if (batch.length < limit) break;
  }
  const after = `${position.ms}_${position.n}`;
  return toPage(events, withQuery(path, query, { after, limit: String(limit) }, ['since']));
};

/** Bounded mode: ordered by `published`, without what came too late to be seen yet; no next link on the last page. */
const bounded = (
  world: World,
  query: URLSearchParams,
  sinceMs: number,
  untilMs: number,
  limit: number,
  wanted: Wanted,
  after: string | null,
): Reply => {
  const nowMs = world.options.clock.now();
  const descending = query.get('sortOrder') === 'DESCENDING';
  const afterMs = after === null ? undefined : fromTimedUuid(after);
  if (after !== null && afterMs === undefined)
    return toError('E0000001', 'after', 'after: The after parameter is invalid.');
  const events: PlannedEvent[] = [];
  const past = (event: PlannedEvent): boolean =>
    after === null ||
    afterMs === undefined ||
    event.publishedMs > afterMs ||
    (event.publishedMs === afterMs && event.uuid > after);
  if (descending) {
    const untilEvent = afterMs === undefined ? untilMs : Math.min(untilMs, afterMs + 1);
    const all = [...world.published(sinceMs, untilEvent, nowMs)].reverse();
    events.push(
      ...all
        .filter((event) => wanted(event) && (after === null || !past(event)) && event.uuid !== after)
        .slice(0, limit + 1),
    );
  } else {
    for (const event of world.published(afterMs ?? sinceMs, untilMs, nowMs)) {
      if (wanted(event) && past(event)) events.push(event);
      if (events.length > limit) break;
    }
  }
  const page = events.slice(0, limit);
  const last = page.at(-1);
  const more = events.length > limit && last !== undefined;
  return toPage(page, more ? withQuery(path, query, { after: last.uuid, limit: String(limit) }) : undefined);
};

const parseWanted = (filter: string | null): Wanted | undefined => {
  if (filter === null) return () => true;
  const equalities = parseEqualities(filter);
  if (equalities === undefined || equalities.some(({ attribute }) => attribute !== 'eventType')) return undefined;
  const types = new Set(equalities.map(({ value }) => value));
  return (event) => types.has(event.eventType);
};

/** `GET /api/v1/logs`. Polling when there is no `until` and the order is ascending, bounded otherwise. */
export const listLogs = (world: World, query: URLSearchParams): Reply => {
  const limit = parseLimit(query.get('limit'), 100, 1000);
  if (limit === undefined)
    return toError('E0000001', 'limit', 'limit: The limit parameter must be between 0 and 1000.');
  const wanted = parseWanted(query.get('filter'));
  if (wanted === undefined) return toError('E0000053', query.get('filter') ?? '');
  const order = query.get('sortOrder') ?? 'ASCENDING';
  if (order !== 'ASCENDING' && order !== 'DESCENDING') return toError('E0000001', 'sortOrder');
  const [since, until, after] = [query.get('since'), query.get('until'), query.get('after')];
  const nowMs = world.options.clock.now();
  const untilMs = until === null ? nowMs : Date.parse(until);
  const sinceMs = since === null ? untilMs - weekMs : Date.parse(since);
  if (Number.isNaN(sinceMs) || Number.isNaN(untilMs)) return toError('E0000053', 'since or until is not a date');
  if (sinceMs > untilMs && until !== null)
    return toError('E0000001', 'since', 'since: The since parameter is after until.');
  if (until !== null || order === 'DESCENDING') return bounded(world, query, sinceMs, untilMs, limit, wanted, after);
  if (after === null) return poll(world, query, { ms: sinceMs, n: 0 }, limit, wanted);
  if (since !== null) return toError('E0000031', 'since and after are mutually exclusive');
  const position = parsePosition(after);
  if (position === undefined) return toError('E0000001', 'after', 'after: The after parameter is invalid.');
  return poll(world, query, position, limit, wanted);
};
