import type { Definition, Reading } from '../../schemas/reading.ts';
import { type Slug, slugs } from '../../schemas/slugs.ts';
import { dayMs, hourMs, minuteMs } from '../../schemas/time.ts';
import type { Candidate, OrgState, SlugState } from './push-state.ts';
import type { Cadence, DraxisSettings } from './settings.ts';

/** What decides about one org's pushes. */
export interface PushSettings {
  readonly cadence: Cadence;
  /** Share, 0 to 1, from which on a partial reading is pushed. */
  readonly minimumCoverage: number;
  /** How much later than published an event of the log may still come and change a reading. */
  readonly latenessMs: number;
  /** The KRIs that are pushed. */
  readonly selected: ReadonlySet<Slug>;
  /** Which definition of a KRI is pushed; `draxis` where none is given. */
  readonly definitions: Partial<Readonly<Record<Slug, Definition>>>;
  /** The tenant's own slugs, where they differ. */
  readonly names: DraxisSettings['slugs'];
}

export interface PlannedPush {
  readonly slug: Slug;
  /** The slug as the tenant knows it. */
  readonly name: string;
  readonly asOf: string;
  readonly version: string;
  readonly value: number;
  readonly note: string;
}

/** Readings of the log change while late events come; those of posture are final when they are made. */
const logSlugs: ReadonlySet<Slug> = new Set([
  'okta_impossible_travel_24h',
  'okta_admin_session_outliers_24h',
  'okta_failed_mfa_push_24h',
]);

const retryParkedAfterMs = hourMs;

/** T is ISO 8601 in UTC with milliseconds, so text compares as time. */
const newestOf = (candidates: readonly Candidate[]): Candidate | undefined => candidates.at(-1);

/** The newest T that no late event will change any more, in milliseconds. */
const watermarkMs = (slug: Slug, state: SlugState, logAsOf: string | null, latenessMs: number): number => {
  if (logSlugs.has(slug)) return logAsOf === null ? Number.NEGATIVE_INFINITY : Date.parse(logAsOf) - latenessMs;
  return Date.parse(newestOf(state.candidates)?.asOf ?? '') || Number.NEGATIVE_INFINITY;
};

const scoreOf = (slug: Slug, candidate: Candidate, settings: PushSettings) =>
  candidate[settings.definitions[slug] ?? 'draxis'];

const isPushable = (slug: Slug, candidate: Candidate, settings: PushSettings): boolean => {
  const { value, status, coverage } = scoreOf(slug, candidate, settings);
  if (value === null) return false;
  return status === 'ok' || (status === 'partial' && coverage >= settings.minimumCoverage);
};

const latestPushable = (slug: Slug, candidates: readonly Candidate[], untilMs: number, settings: PushSettings) =>
  candidates.findLast((candidate) => Date.parse(candidate.asOf) <= untilMs && isPushable(slug, candidate, settings));

/**
 * Takes a reading into the candidates of its KRI, which stay few: those that the watermark may reach yet, and of the
 * others the newest that can be pushed. Readings come in any order and more than once; of one T the highest version
 * holds. A new value for a T that is pushed already is counted and not kept.
 */
export const addReading = (
  state: SlugState,
  reading: Reading,
  logAsOf: string | null,
  settings: PushSettings,
): SlugState => {
  const { slug, asOf, version, draxis, corrected } = reading;
  const candidate: Candidate = { asOf, version, draxis, corrected };
  const { acked } = state;
  if (acked !== null && asOf <= acked.asOf) {
    const isRevision =
      asOf === acked.asOf &&
      BigInt(version) > BigInt(acked.version) &&
      scoreOf(slug, candidate, settings).value !== acked.value;
    return isRevision ? { ...state, revisionsNotPushed: state.revisionsNotPushed + 1 } : state;
  }
  const held = state.candidates.find((other) => other.asOf === asOf);
  if (held !== undefined && BigInt(held.version) >= BigInt(version)) return state;
  const candidates = [...state.candidates.filter((other) => other !== held), candidate].sort((a, b) =>
    a.asOf < b.asOf ? -1 : 1,
  );
  return { ...state, candidates: prune(slug, { ...state, candidates }, logAsOf, settings) };
};

const prune = (slug: Slug, state: SlugState, logAsOf: string | null, settings: PushSettings): Candidate[] => {
  const newestMs = Date.parse(newestOf(state.candidates)?.asOf ?? '');
  // The next progress record is at or after the newest T, so the watermark will get at least this far.
  const comingMs = logSlugs.has(slug) ? newestMs - settings.latenessMs - minuteMs : newestMs;
  const settledMs = Math.max(watermarkMs(slug, state, logAsOf, settings.latenessMs), comingMs);
  const latest = latestPushable(slug, state.candidates, settledMs, settings);
  return state.candidates.filter((candidate) => candidate === latest || Date.parse(candidate.asOf) > settledMs);
};

const isDue = (cadence: Cadence, acked: SlugState['acked'], candidate: { asOf: string; value: number }): boolean => {
  if (cadence === 'manual') return false;
  if (acked === null) return true;
  const [thenMs, nowMs] = [Date.parse(acked.asOf), Date.parse(candidate.asOf)];
  if (cadence === 'on-change') return candidate.value !== acked.value || nowMs - thenMs >= dayMs;
  const periodMs = cadence === 'hourly' ? hourMs : dayMs;
  return Math.floor(nowMs / periodMs) > Math.floor(thenMs / periodMs);
};

const toNote = (slug: Slug, candidate: Candidate, settings: PushSettings): string => {
  const { status, coverage, reason } = scoreOf(slug, candidate, settings);
  const definition = `Kriver, ${settings.definitions[slug] ?? 'draxis'} definition, as of ${candidate.asOf}`;
  if (status === 'ok') return `${definition}.`;
  const percent = Math.floor(coverage * 1_000) / 10;
  return `${definition}. Partial: ${percent} % was read${reason === undefined ? '' : ` (${reason})`}.`;
};

/**
 * Which values go out now, at most one a KRI: the newest final one, by the definition that is configured, whole or
 * nearly so. T rises from push to push of a KRI, whatever comes in: Draxis takes the time that is passed with a value
 * as that of its current one, so an older T would set it back. `ignoreCadence` is for a single pass, which pushes what
 * is new whether or not it changed; `manual` holds even then.
 */
export const decidePushes = (
  state: OrgState,
  settings: PushSettings,
  { ignoreCadence = false }: { ignoreCadence?: boolean } = {},
): PlannedPush[] => {
  if (settings.cadence === 'manual') return [];
  return slugs.flatMap((slug) => {
    const known = state.slugs.get(slug);
    if (known === undefined || !settings.selected.has(slug)) return [];
    const untilMs = watermarkMs(slug, known, state.logAsOf, settings.latenessMs);
    const candidate = latestPushable(slug, known.candidates, untilMs, settings);
    const value = candidate && scoreOf(slug, candidate, settings).value;
    if (candidate === undefined || value === null || value === undefined) return [];
    const { asOf, version } = candidate;
    if (known.acked !== null && asOf <= known.acked.asOf) return [];
    if (known.attempted !== null && asOf < known.attempted) return [];
    const parked = state.parked.get(slug);
    if (parked !== undefined && Date.parse(asOf) - Date.parse(parked) < retryParkedAfterMs) return [];
    if (!ignoreCadence && !isDue(settings.cadence, known.acked, { asOf, value })) return [];
    return [
      { slug, name: settings.names[slug] ?? slug, asOf, version, value, note: toNote(slug, candidate, settings) },
    ];
  });
};
