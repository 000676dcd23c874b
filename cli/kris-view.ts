import type { Reading, Score } from '../schemas/reading.ts';
import type { Slug } from '../schemas/slugs.ts';
import type { LastPush } from '../sinks/draxis/push-state.ts';
import type { OrgConfig } from './config/config.ts';
import type { OrgOverview } from './overview.ts';
import type { KriRow, KrisView } from './render/view.ts';
import { indicatorOf, thresholdsOf, toLevel } from './shown-reading.ts';

const historyLength = 48;

const otherOf = (definition: 'draxis' | 'corrected') => (definition === 'draxis' ? 'corrected' : 'draxis');

const isSameFigure = (a: Score, b: Score): boolean => a.value === b.value && a.status === b.status;

const toRow = (org: OrgConfig, slug: Slug, readings: readonly Reading[], pushes: readonly LastPush[]): KriRow => {
  const indicator = indicatorOf(slug);
  const definition = org.definitions[slug] ?? 'draxis';
  const other = otherOf(definition);
  const newest = readings.at(-1);
  const score = newest?.[definition];
  const differs = newest !== undefined && !isSameFigure(newest.draxis, newest.corrected);
  const acked = pushes.find((push) => push.org === org.name && push.slug === slug)?.acked;
  return {
    slug,
    title: indicator.title,
    value: score?.value ?? null,
    unit: indicator.unit === 'percent' ? '%' : '',
    ...(differs ? { otherValue: newest[other].value, otherDefinition: other } : {}),
    level: toLevel(score?.value ?? null, thresholdsOf(slug, org)),
    history: readings.slice(-historyLength).map((reading) => reading[definition].value),
    coverage: score?.coverage ?? 0,
    status: score?.status ?? 'unknown',
    ...(score?.reason === undefined ? {} : { reason: score.reason }),
    asOfMs: newest === undefined ? undefined : Date.parse(newest.asOf),
    ...(acked ? { lastPush: { value: acked.value, asOfMs: Date.parse(acked.asOf), outcome: 'accepted' } } : {}),
  };
};

/** One org as the terminal shows it. `readingsOf` chooses which reading of a KRI is the current one: its last. */
export const toKrisView = (options: {
  org: OrgConfig;
  overview: OrgOverview;
  pushes: readonly LastPush[];
  now: number;
  events: { total: number; perSecond: number };
  readingsOf?: (slug: Slug) => readonly Reading[];
  messages?: readonly string[];
}): KrisView => {
  const { org, overview, pushes, now, events, messages = [] } = options;
  const readingsOf = options.readingsOf ?? ((slug: Slug) => overview.readings(slug));
  const asOfMs = overview.progress === undefined ? undefined : Date.parse(overview.progress.asOf);
  return {
    org: org.name,
    now,
    rows: org.kris.map((slug) => toRow(org, slug, readingsOf(slug), pushes)),
    ingest: {
      eventsPerSecond: events.perSecond,
      eventsTotal: events.total,
      asOfMs,
      lagMs: asOfMs === undefined ? undefined : Math.max(0, now - asOfMs),
    },
    sweeps: overview.sweeps.map(({ sweep, read, wanted, completed }) => ({
      kind: sweep,
      read,
      wanted,
      completed: completed !== null,
    })),
    messages,
  };
};
