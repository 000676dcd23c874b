import type { BusRecord } from '../runtime/bus/bus.ts';
import { type Progress, progressSchema, type Sweep, sweepSchema } from '../schemas/progress.ts';
import { type Reading, readingSchema } from '../schemas/reading.ts';
import { type Slug, slugs } from '../schemas/slugs.ts';
import { minuteMs } from '../schemas/time.ts';
import { policySnapshotsTopic, readingsTopic, userSnapshotsTopic } from '../schemas/topics.ts';

/** Readings kept of each KRI: enough for a sparkline and for the newest T below the watermark. */
const keptReadings = 240;

/** The newest readings, progress and sweeps of one org, as its topics tell them. */
export interface OrgOverview {
  /** Of each T the highest version, ascending. */
  readings(slug: Slug): readonly Reading[];
  /** The newest reading that no late event will change; of posture every reading is final. */
  newestFinal(slug: Slug, latenessMs: number): Reading | undefined;
  newest(slug: Slug): Reading | undefined;
  readonly progress: Progress | undefined;
  readonly sweeps: readonly Sweep[];
  fold(topic: string, record: BusRecord): void;
}

/** The topics that an overview is made of. */
export const overviewTopics = [readingsTopic.name, userSnapshotsTopic.name, policySnapshotsTopic.name] as const;

const logSlugs: ReadonlySet<Slug> = new Set([
  'okta_impossible_travel_24h',
  'okta_admin_session_outliers_24h',
  'okta_failed_mfa_push_24h',
]);

export const createOrgOverview = (): OrgOverview => {
  const bySlug = new Map<Slug, Map<string, Reading>>(slugs.map((slug) => [slug, new Map()]));
  const sweeps = new Map<string, Sweep>();
  let progress: Progress | undefined;

  const addReading = (reading: Reading): void => {
    const readings = bySlug.get(reading.slug);
    if (readings === undefined) return;
    const known = readings.get(reading.asOf);
    if (known !== undefined && BigInt(known.version) >= BigInt(reading.version)) return;
    readings.set(reading.asOf, reading);
    if (readings.size <= keptReadings) return;
    const oldest = [...readings.keys()].sort()[0];
    if (oldest !== undefined) readings.delete(oldest);
  };

  const ascending = (slug: Slug): readonly Reading[] =>
    [...(bySlug.get(slug)?.values() ?? [])].sort((a, b) => (a.asOf < b.asOf ? -1 : 1));

  return {
    readings: ascending,
    newest: (slug) => ascending(slug).at(-1),
    newestFinal: (slug, latenessMs) => {
      if (!logSlugs.has(slug)) return ascending(slug).at(-1);
      if (progress === undefined) return undefined;
      const watermark = new Date(Math.floor((Date.parse(progress.asOf) - latenessMs) / minuteMs) * minuteMs);
      return ascending(slug).findLast(({ asOf }) => asOf <= watermark.toISOString());
    },
    get progress() {
      return progress;
    },
    get sweeps() {
      return [...sweeps.values()];
    },
    fold: (topic, record) => {
      const isReadings = topic === readingsTopic.name;
      const isSweep = record.key.includes('/sweep/');
      if (!isReadings && !isSweep) return;
      const value: unknown = JSON.parse(record.value.toString('utf8'));
      if (isSweep) {
        const sweep = sweepSchema.parse(value);
        sweeps.set(sweep.sweep, sweep);
      } else if (record.key.endsWith('/progress')) {
        progress = progressSchema.parse(value);
      } else {
        addReading(readingSchema.parse(value));
      }
    },
  };
};
