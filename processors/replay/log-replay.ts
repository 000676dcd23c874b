import type { Facts } from '../../schemas/facts.ts';
import type { Engine, Progress } from '../../schemas/progress.ts';
import type { Reading, Score } from '../../schemas/reading.ts';
import { minutesPerDay, minuteToMs, toMinute, toTimestamp } from '../../schemas/time.ts';
import type { IndicatorSettings } from '../indicator.ts';
import { logIndicators } from '../indicators/index.ts';
import { createLogFold, revisedMinutes } from '../log/log-fold.ts';
import { type ReplayTimes, toMinutes } from './replay-times.ts';

/**
 * The log's readings from recorded events, by the same fold as live: progress is made up behind the events instead of
 * coming from a poller, and everything counts as read.
 */
export interface LogReplay {
  /** False when the event is older than the stream has gone past: the events have to be sorted first. */
  event(facts: Facts): boolean;
  /** A record that could not be used; at the minute of its date, or of the events before it. */
  deadLetter(timeMs?: number): void;
  /** The readings, and the minutes they were asked for. `fallback`: the minute to read when there was no event. */
  finish(fallback: number | undefined): { readonly readings: readonly Reading[]; readonly minutes: readonly number[] };
}

/** More than the longest window (8 days), so that whatever precedes the first event counts as read. */
const assumedMinutes = 10 * minutesPerDay;

/**
 * Events may come in any order within 48 h; progress keeps that far behind the newest, so memory stays flat however
 * long the recording is. What is farther out of order is refused by `event`.
 */
export const createLogReplay = (options: {
  readonly settings: IndicatorSettings;
  readonly engine: Engine;
  readonly times: ReplayTimes;
}): LogReplay => {
  const { times, engine } = options;
  let wanted: (minute: number) => boolean = () => false;
  const fold = createLogFold({
    settings: options.settings,
    indicators: logIndicators,
    saved: [],
    saves: false,
    // `event` refuses what is older than the progress, which trails far enough behind.
    lateMinutes: 0,
    wanted: (minute) => wanted(minute),
  });
  const named = times.kind === 'at' ? new Set(times.minutes) : undefined;
  const deadMinutes = new Set<string>();
  let readings: Reading[] = [];
  let first: number | undefined;
  let newest: number | undefined;
  let passed: number | undefined;
  let begins = 0;
  /** A record without a date before the first event: it lacks in the windows of that event. */
  let undatedFirst = false;
  let sequence = 0;

  const progress = (minute: number): void => {
    const record: Progress = {
      kind: 'progress',
      asOf: toTimestamp(minuteToMs(minute)),
      spans: [{ from: toTimestamp(minuteToMs(begins)), to: toTimestamp(minuteToMs(minute)) }],
      state: 'ok',
      engine,
      scopes: [],
      deadLettered: [...deadMinutes],
    };
    sequence += 1;
    readings = readings.concat(fold.progress(record, sequence));
    fold.takeChanges();
    passed = minute;
  };

  /** The first progress lies before everything that is asked for. */
  const begin = (minute: number): void => {
    const start = Math.min(minute - revisedMinutes, ...(named ?? [])) - 1;
    begins = start - assumedMinutes;
    wanted = (candidate) => {
      if (named !== undefined) return named.has(candidate);
      return times.kind === 'every' && candidate >= (first ?? minute) && candidate % times.minutes === 0;
    };
    progress(start);
  };

  return {
    event: (facts) => {
      const minute = toMinute(facts.publishedMs);
      if (passed === undefined) begin(minute);
      if (undatedFirst) deadMinutes.add(toTimestamp(minuteToMs(minute)));
      undatedFirst = false;
      if (passed !== undefined && minute <= passed) return false;
      first = Math.min(first ?? minute, minute);
      newest = Math.max(newest ?? minute, minute);
      fold.event(facts);
      const trailing = newest - revisedMinutes - 1;
      if (passed !== undefined && trailing >= passed + 60) progress(trailing);
      return true;
    },
    deadLetter: (timeMs) => {
      const minute = timeMs === undefined ? newest : toMinute(timeMs);
      if (minute === undefined) undatedFirst = true;
      else deadMinutes.add(toTimestamp(minuteToMs(minute)));
    },
    finish: (fallback) => {
      const last = newest ?? fallback ?? named?.values().next().value;
      if (last === undefined) return { readings, minutes: [] };
      if (passed === undefined) begin(last);
      const minutes = toMinutes(times, first ?? last, last);
      const remaining = new Set(minutes);
      wanted = (candidate) => remaining.has(candidate);
      progress(Math.max(last, ...minutes));
      return { readings: newest === undefined ? readings.map(toUnknown) : readings, minutes };
    },
  };
};

const noData: Score = {
  value: null,
  numerator: null,
  denominator: null,
  status: 'unknown',
  reason: 'no data',
  coverage: 0,
};

/** A recording without a single event says nothing about the log: that is no 0. */
const toUnknown = (reading: Reading): Reading => ({ ...reading, draxis: noData, corrected: noData });

const nothingKnown = { get: () => undefined, has: () => false };

/** True when an indicator would fold the event: what a sorting pass has to hold in memory, and no more. */
export const matters = (facts: Facts, settings: IndicatorSettings): boolean =>
  logIndicators.some((indicator) => indicator.fold(nothingKnown, facts, settings).length > 0);
