import type { Slug } from '../../schemas/slugs.ts';
import { hourMs, toTimestamp } from '../../schemas/time.ts';
import type { Group } from '../indicator.ts';
import type { EventDetail } from './event-people.ts';
import { type EvidenceItem, type SessionItem, type SignInItem, toCounted } from './evidence.ts';

/** A group of events that has evidence at T. */
export interface EvidentGroup {
  readonly key: string;
  readonly group: Group;
  /** The evidence of the contributions that hold T: `id|class`. */
  readonly evidence: readonly string[];
  detailOf(timeMs: number, uuid: string): EventDetail | undefined;
}

/** `12|uuid|1010` as its parts. Ids are Okta's and may hold anything, so the fixed parts are taken from both ends. */
const parseEventEvidence = (evidence: string) => {
  const first = evidence.indexOf('|');
  const last = evidence.lastIndexOf('|');
  const membership = evidence.slice(last + 1);
  return {
    timeMs: Number(evidence.slice(0, first)),
    uuid: evidence.slice(first + 1, last),
    draxis: membership[0] === '1' ? 1 : 0,
    corrected: membership[2] === '1' ? 1 : 0,
  };
};

const distinct = (values: readonly (string | null | undefined)[]): readonly string[] => [
  ...new Set(values.filter((value) => value !== null && value !== undefined)),
];

const eventsOf = (evident: EvidentGroup) => {
  const events = evident.evidence
    .map(parseEventEvidence)
    .sort((a, b) => a.timeMs - b.timeMs || (a.uuid < b.uuid ? -1 : 1))
    .map((event) => ({ ...event, detail: evident.detailOf(event.timeMs, event.uuid) }));
  const sum = (definition: 'draxis' | 'corrected') => events.reduce((total, event) => total + event[definition], 0);
  return {
    events,
    draxis: sum('draxis'),
    corrected: sum('corrected'),
    at: toTimestamp(events.at(-1)?.timeMs ?? 0),
    times: events.map(({ timeMs }) => toTimestamp(timeMs)),
    uuids: events.map(({ uuid }) => uuid),
    countries: distinct(events.map(({ detail }) => detail?.country)),
  };
};

const results = ['none', 'positive', 'negative', 'unknown'] as const;

/** The order in which one result outweighs another. */
const gravity: readonly SignInItem['result'][] = ['positive', 'negative', 'unknown', 'none'];

const toSignIns = (evident: EvidentGroup): readonly EvidenceItem[] => {
  const { events, draxis, corrected, ...shown } = eventsOf(evident);
  const inWindow = new Set(shown.uuids);
  const found = evident.group
    .filter(([, uuid]) => inWindow.has(uuid))
    .map(([, , , result]) => results[Number(result)] ?? 'none');
  const actor = events.find(({ detail }) => detail?.actorId != null)?.detail;
  const user = actor?.actorId ?? null;
  return [
    {
      kind: 'sign-in',
      ...toCounted(draxis, corrected > 0 ? 1 : 0),
      user,
      name: actor?.nameOf(user) ?? null,
      ...shown,
      result: gravity.find((result) => found.includes(result)) ?? 'none',
    },
  ];
};

const toDenials = (evident: EvidentGroup): readonly EvidenceItem[] => {
  const { events, draxis, corrected, ...shown } = eventsOf(evident);
  const user = evident.key.startsWith('user/') ? evident.key.slice('user/'.length) : null;
  const names = events.map(({ detail }) => detail?.nameOf(user) ?? null);
  return [
    {
      kind: 'denials',
      ...toCounted(draxis, corrected),
      user,
      name: names.findLast((name) => name !== null) ?? null,
      count: events.length,
      ...shown,
    },
  ];
};

const isEndKind = (kind: unknown): kind is SessionItem['ended'] =>
  kind === 'end' || kind === 'ended' || kind === 'clear';

/** Both definitions may have the same session from the same start to the same end: that is one item. */
const toSessions = (evident: EvidentGroup): readonly EvidenceItem[] => {
  const { key, group } = evident;
  const spans = new Map<string, { draxis: number; corrected: number }>();
  for (const evidence of evident.evidence) {
    const last = evidence.lastIndexOf('|');
    const span = evidence.slice(key.length + 1, last);
    const membership = evidence.slice(last + 1);
    const counts = spans.get(span) ?? { draxis: 0, corrected: 0 };
    spans.set(span, counts);
    if (membership[0] === '1') counts.draxis = 1;
    if (membership[2] === '1') counts.corrected = 1;
  }
  return [...spans].map(([span, { draxis, corrected }]): EvidenceItem => {
    const [startMs = 0, endMs = 0] = span.split('|').map(Number);
    const start = group.find(([timeMs, , kind]) => timeMs === startMs && kind === 'start');
    const end = group.find(([timeMs, , kind]) => timeMs === endMs && isEndKind(kind));
    const detail = start === undefined ? undefined : evident.detailOf(start[0], start[1]);
    const user = detail?.actorId ?? null;
    return {
      kind: 'session',
      ...toCounted(draxis, corrected),
      user,
      name: detail?.nameOf(user) ?? null,
      at: toTimestamp(endMs),
      session: key.slice('session/'.length),
      start: toTimestamp(startMs),
      end: toTimestamp(endMs),
      hours: Math.floor(((endMs - startMs) / hourMs) * 10) / 10,
      ended: isEndKind(end?.[2]) ? end[2] : 'end',
      uuids: distinct([start?.[1], end?.[1]]),
    };
  });
};

export const toLogItems: Readonly<Partial<Record<Slug, (evident: EvidentGroup) => readonly EvidenceItem[]>>> = {
  okta_impossible_travel_24h: toSignIns,
  okta_failed_mfa_push_24h: toDenials,
  okta_admin_session_outliers_24h: toSessions,
};
