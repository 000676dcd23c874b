import { type Bus, orgOfKey } from '../../runtime/bus/bus.ts';
import { type Reading, readingKey, readingSchema } from '../../schemas/reading.ts';
import { minuteMs } from '../../schemas/time.ts';
import { readingsTopic, systemLogTopic } from '../../schemas/topics.ts';
import { type LastPush, readPushes } from '../../sinks/draxis/push-state.ts';
import type { OrgConfig } from '../config/config.ts';
import { toKrisView } from '../kris-view.ts';
import type { OrgOverview } from '../overview.ts';
import { readOverview } from '../read-overview.ts';
import type { KrisView } from '../render/view.ts';
import { indicatorOf, type ShownReading, toShownReading } from '../shown-reading.ts';
import type { QuerySource } from './queries.ts';

/** A log reading is stale when it is this old: the log is polled every few seconds, and a reading comes each minute. */
export const staleLogMs = 15 * minuteMs;
/** A posture reading is stale when this many of its sweeps should have come since; never before `staleLogMs`. */
export const staleSweeps = 2;

export interface CurrentReading extends ShownReading {
  /** No late event changes it any more. */
  readonly final: boolean;
  /** It was given more than once, because late events changed it. */
  readonly revised: boolean;
  readonly stale: boolean;
  readonly ageSeconds: number;
  /** The last answer of Draxis for this KRI; null before there was one. */
  readonly lastPush: LastPush['last'];
}

/** What `kriver kris --json` prints of one org. */
export interface KrisReport {
  readonly org: string;
  /** How far the System Log is read; null when it never was. */
  readonly asOf: string | null;
  readonly readings: readonly CurrentReading[];
}

/** The report, and the same for the terminal. */
export interface KrisAnswer {
  readonly report: KrisReport;
  readonly view: KrisView;
}

const staleAfterMs = (reading: Reading, org: OrgConfig): number => {
  const { reads } = indicatorOf(reading.slug);
  if (reads === 'okta.system-log') return staleLogMs;
  const minutes = reads === 'okta.user-snapshots' ? org.ingest.sweep_minutes : org.ingest.policy_sweep_minutes;
  return Math.max(staleLogMs, staleSweeps * minutes * minuteMs);
};

/** Which of the readings have more than one version. Only keys are looked at, but for those asked for. */
const findRevised = async (bus: Bus, org: string, readings: readonly Reading[]): Promise<ReadonlySet<string>> => {
  const versions = new Map(readings.map(({ slug, asOf }) => [readingKey(org, slug, asOf), new Set<string>()]));
  const partition = bus.partitionOf(org);
  const earliest = Math.min(...readings.map(({ asOf }) => Date.parse(asOf)));
  const from = Number.isFinite(earliest) ? await bus.offsetAt(readingsTopic.name, partition, earliest - minuteMs) : 0;
  for await (const records of bus.read(readingsTopic.name, partition, from)) {
    for (const { key, value } of records) {
      if (orgOfKey(key) !== org) continue;
      versions.get(key)?.add(readingSchema.parse(JSON.parse(value.toString('utf8'))).version);
    }
  }
  return new Set([...versions].filter(([, found]) => found.size > 1).map(([key]) => key));
};

const toMessages = (overview: OrgOverview, readings: readonly CurrentReading[]): readonly string[] => {
  if (readings.length === 0) return ['Nothing was computed yet. `kriver run` or `kriver once` reads the org.'];
  const state = overview.progress?.state;
  return [
    ...readings
      .filter(({ stale }) => stale)
      .map(({ slug, asOf }) => `${slug} is stale: its newest reading is of ${asOf}.`),
    ...(state === undefined || state === 'ok' ? [] : [`The System Log cannot be read: ${state}.`]),
  ];
};

/** The newest reading of each selected KRI of one org. */
export const readKris = async (source: QuerySource, org: OrgConfig): Promise<KrisAnswer> => {
  const { bus, store, clock, config } = source;
  const overview = await readOverview(bus, org.name);
  const partition = bus.partitionOf(org.name);
  const pushes = await readPushes(store, partition);
  const now = clock.now();
  const newest = org.kris.flatMap((slug) => overview.newest(slug) ?? []);
  const revised = await findRevised(bus, org.name, newest);
  const latenessMs = config.allowedLatenessMinutes * minuteMs;
  const readings = newest.map((reading): CurrentReading => {
    const { slug, asOf } = reading;
    const ageMs = Math.max(0, now - Date.parse(asOf));
    return {
      ...toShownReading(reading, org),
      final: (overview.newestFinal(slug, latenessMs)?.asOf ?? '') >= asOf,
      revised: revised.has(readingKey(org.name, slug, asOf)),
      stale: ageMs > staleAfterMs(reading, org),
      ageSeconds: Math.floor(ageMs / 1000),
      lastPush: pushes.find((push) => push.org === org.name && push.slug === slug)?.last ?? null,
    };
  });
  const total = await bus.endOffset(systemLogTopic.name, partition);
  return {
    report: { org: org.name, asOf: overview.progress?.asOf ?? null, readings },
    view: toKrisView({
      org,
      overview,
      pushes,
      now,
      events: { total, perSecond: 0 },
      messages: toMessages(overview, readings),
    }),
  };
};
