import { decodeLogFacts, type LogFacts, plainTypeOf } from '../../schemas/log-facts.ts';
import { type Progress, progressSchema } from '../../schemas/progress.ts';
import { type Reading, toVersion } from '../../schemas/reading.ts';
import { minutesPerDay, minuteToMs, passedMinute, toMinute, toTimestamp } from '../../schemas/time.ts';
import { isSameDigest, toDigestText } from '../digest.ts';
import type { Group, IndicatorSettings, LogIndicator } from '../indicator.ts';
import type { StateChanges } from '../state.ts';
import { toScore, toSourceReason } from '../to-score.ts';
import { createChangedGroups } from './changed-groups.ts';
import { type Interval, toCoverage, toIntervals } from './coverage.ts';
import { createIndicatorFold } from './indicator-fold.ts';
import type { MinuteTotals } from './timeline.ts';

/** R: late events revise every T of the last 48 h; what comes later is stored, not folded into older readings. */
export const revisedMinutes = 2 * minutesPerDay;

/** A dead letter counts against the longest window, and for R after it. */
const deadLetterMinutes = 10 * minutesPerDay;

const deadLetterCounters = { draxis: 'dead letters, draxis', corrected: 'dead letters, corrected' } as const;

interface Meta {
  readonly newest: number | null;
  /** The T before `from` + 24 h that have a reading: of these only the newest was emitted each time. */
  readonly early: readonly number[];
}

/**
 * The fold of one org's System Log: facts and progress in the order of the log, readings out. No clock, no I/O.
 * What it keeps is sets of matching events: a duplicate changes nothing, a late event changes every T that it is in.
 */
export interface LogFold {
  event(facts: LogFacts): void;
  /** Folds the event of a record's header. False when the header cannot be read: then its value is to be parsed. */
  header(header: string | undefined): boolean;
  /** Readings for each new minute that the progress passed, and again for each earlier one that now reads otherwise. */
  progress(progress: Progress, offset: number): readonly Reading[];
  /** What changed since the last call, for the state store. */
  takeChanges(): StateChanges;
}

export const createLogFold = (options: {
  readonly settings: IndicatorSettings;
  readonly indicators: readonly LogIndicator[];
  /** What `takeChanges` gave and the store kept; empty for a new org. */
  readonly saved: Iterable<readonly [string, unknown]>;
  readonly epoch?: number;
  /** How far behind asOf events may come, in minutes: what only earlier ones could need is forgotten. R when absent. */
  readonly lateMinutes?: number;
  /** False where nothing is saved, so that no changes are kept for it. */
  readonly saves?: boolean;
  /** Which minutes get a reading; all when absent. A replay asks for few. */
  readonly wanted?: (minute: number) => boolean;
}): LogFold => {
  const { settings, epoch = 0, saves = true, lateMinutes = revisedMinutes, wanted } = options;
  let unsaved: { readonly progress: Progress; readonly meta: Meta } | undefined;
  const folds = options.indicators.map((indicator) => {
    const changed = createChangedGroups(indicator.slug);
    return { ...createIndicatorFold(indicator, settings, saves ? changed.note : () => {}), changed };
  });
  const deadMinutes = new Set<number>();
  const early = new Set<number>();
  let newest: number | undefined;

  const addDeadMinute = (minute: number): void => {
    if (deadMinutes.has(minute)) return;
    deadMinutes.add(minute);
    for (const { indicator, timeline } of folds) {
      const { draxis, corrected } = indicator.windowMinutes;
      timeline.add({ from: minute, to: minute + draxis, counters: [deadLetterCounters.draxis] });
      timeline.add({ from: minute, to: minute + corrected, counters: [deadLetterCounters.corrected] });
    }
  };

  const settle = (minute: number): void => {
    for (const { timeline } of folds) timeline.settle(minute, minute - revisedMinutes);
  };

  const load = (): void => {
    const bySlug = new Map(folds.map((fold) => [fold.indicator.slug as string, fold]));
    const groups: [fold: (typeof folds)[number], key: string, group: Group][] = [];
    for (const [key, value] of options.saved) {
      if (key === 'meta') {
        newest = (value as Meta).newest ?? undefined;
        for (const minute of (value as Meta).early) early.add(minute);
      } else if (key === 'progress') {
        for (const minute of progressSchema.parse(value).deadLettered) addDeadMinute(toMinute(Date.parse(minute)));
      } else if (!folds.some(({ changed }) => changed.load(key, value))) {
        const slash = key.indexOf('/');
        const fold = bySlug.get(key.slice(0, slash));
        if (fold !== undefined) groups.push([fold, key.slice(slash + 1), value as Group]);
      }
    }
    for (const [fold, key, group] of groups) {
      const settled = fold.changed.settled(key);
      if (settled !== null) fold.load(key, settled ?? group);
    }
    // What the last readings rest on is no change; what came after them is one.
    if (newest !== undefined) settle(newest);
    for (const [fold, key, group] of groups) if (fold.changed.settled(key) !== undefined) fold.load(key, group);
  };
  load();

  /** Every indicator has a reading of the same minute, one after the other. */
  let stamped = { minute: Number.NaN, timestamp: '' };
  const timestampOf = (minute: number): string => {
    if (stamped.minute !== minute) stamped = { minute, timestamp: toTimestamp(minuteToMs(minute)) };
    return stamped.timestamp;
  };

  const toReading = (
    indicator: LogIndicator,
    minute: number,
    totals: MinuteTotals,
    progress: Progress,
    spans: readonly Interval[],
    version: string,
  ): Reading => {
    const scored = indicator.score(totals, { engine: progress.engine });
    const end = minuteToMs(minute);
    const blocked = spans.length === 0 ? toSourceReason(progress.state) : undefined;
    const score = (definition: 'draxis' | 'corrected') =>
      toScore({
        outcome: scored[definition],
        coverage: toCoverage(spans, end - minuteToMs(indicator.windowMinutes[definition]), end),
        deadLetters: totals.count(deadLetterCounters[definition]) > 0,
        blocked,
      });
    return {
      org: settings.org,
      slug: indicator.slug,
      asOf: timestampOf(minute),
      draxis: score('draxis'),
      corrected: score('corrected'),
      measures: scored.measures,
      version,
      digest: toDigestText(totals.digest),
    };
  };

  /** The first T whose whole window was read. */
  const firstWhole = (progress: Progress): number => {
    const from = progress.spans[0]?.from;
    return from === undefined ? Number.POSITIVE_INFINITY : toMinute(Date.parse(from)) + minutesPerDay;
  };

  /** The T of (newest, passed] that get a reading: before the first whole window only the last of them does. */
  const newMinutes = (whole: number, passed: number): readonly number[] => {
    const first = wanted === undefined ? Math.max(whole, (newest ?? whole - 1) + 1) : (newest ?? passed - 1) + 1;
    const minutes: number[] = [];
    for (let minute = first; minute <= passed; minute += 1) if (wanted?.(minute) ?? true) minutes.push(minute);
    if (wanted !== undefined || minutes.length > 0) return minutes;
    early.add(passed);
    return [passed];
  };

  const isRevisable = (whole: number, minute: number): boolean =>
    wanted === undefined ? minute >= whole || early.has(minute) : wanted(minute);

  const forget = (oldest: number): void => {
    for (const fold of folds) fold.prune(oldest);
    for (const minute of early) if (minute < oldest) early.delete(minute);
    for (const minute of deadMinutes) if (minute < oldest - deadLetterMinutes) deadMinutes.delete(minute);
  };

  const plainTypes = new Set(options.indicators.flatMap((indicator) => indicator.plainTypes));
  const event = (facts: LogFacts): void => {
    for (const fold of folds) fold.event(facts);
  };

  return {
    event,
    header: (header) => {
      const plainType = plainTypeOf(header);
      if (plainType !== undefined && !plainTypes.has(plainType)) return true;
      const facts = decodeLogFacts(header);
      if (facts !== undefined) event(facts);
      return facts !== undefined;
    },
    progress: (progress, offset) => {
      const passed = passedMinute(Date.parse(progress.asOf));
      for (const minute of progress.deadLettered) addDeadMinute(toMinute(Date.parse(minute)));
      const isNew = progress.state === 'ok' && (newest === undefined || passed > newest);
      const neverAllowed =
        newest === undefined && progress.spans.length === 0 && toSourceReason(progress.state) !== undefined;
      if (!isNew && !neverAllowed) return [];

      const oldest = passed - revisedMinutes;
      const spans = toIntervals(progress.spans);
      const whole = firstWhole(progress);
      const version = toVersion(epoch, offset);
      const fresh = newMinutes(whole, passed);
      const readings: Reading[] = [];
      for (const { indicator, timeline } of folds) {
        for (const { minute, before, now } of timeline.changed()) {
          if (minute < oldest || !isRevisable(whole, minute)) continue;
          const reading = toReading(indicator, minute, now, progress, spans, version);
          // Mostly the digests differ, and then the reading that was need not be made.
          const isSame =
            isSameDigest(now.digest, before.digest) &&
            JSON.stringify(reading) === JSON.stringify(toReading(indicator, minute, before, progress, spans, version));
          if (!isSame) readings.push(reading);
        }
        for (const minute of fresh) {
          readings.push(toReading(indicator, minute, timeline.at(minute), progress, spans, version));
        }
      }
      const crossedHour = newest === undefined || Math.floor(passed / 60) > Math.floor(newest / 60);
      newest = passed;
      settle(passed);
      if (crossedHour) forget(passed - lateMinutes);
      for (const { changed } of folds) changed.settle();
      // For its dead letters; those that came since the last readings are listed again in the next record.
      unsaved = { progress, meta: { newest, early: [...early] } };
      return readings;
    },
    takeChanges: () => {
      const changes: [string, unknown][] = Object.entries(unsaved ?? {});
      unsaved = undefined;
      for (const { changed } of folds) changed.addTo(changes, newest !== undefined);
      return changes;
    },
  };
};
