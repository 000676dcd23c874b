import { createCalendar, type Entry, file, minuteOf } from './calendar.ts';
import type { PlannedEvent } from './event.ts';
import type { Planted } from './labels.ts';
import { toWorldOptions, type WorldOptions, type WorldSettings } from './options.ts';
import { createPosture, type Posture } from './posture.ts';

/** A place in the persistence order: the n-th entry (from 1) of a millisecond. `n` 0 is before all of them. */
export interface Position {
  ms: number;
  n: number;
}

/** An event as served, with the place right after it. */
export interface Served {
  event: PlannedEvent;
  persistedMs: number;
  position: Position;
}

export interface World {
  options: WorldOptions;
  /** Where history begins: `startMs` less `historyHours`. Nothing was logged before. */
  originMs: number;
  posture: Posture;
  /** Up to `limit` entries after a position that are persisted by `untilMs`, in persistence order. */
  persistedAfter(position: Position, untilMs: number, limit: number): Served[];
  /** What happened in [fromMs, toMs) and is persisted by `seenMs`, by (published, uuid), each event once. */
  published(fromMs: number, toMs: number, seenMs: number): Generator<PlannedEvent>;
  /** What the generator knows of the events of (fromMs, toMs] that are persisted by `seenMs`. */
  labels(fromMs: number, toMs: number, seenMs: number): Planted[];
  /** Adds an event that is persisted at its `persistedMs`, after what that millisecond already holds. */
  inject(event: PlannedEvent): void;
}

/**
 * A simulated Okta org: a pure function of (seed, options, simulated time), generated lazily. The same seed gives the
 * same bytes, whatever was asked before, so it can be stopped and resumed at any time. Injected events live in memory.
 */
export const createWorld = (settings: WorldSettings): World => {
  const options = toWorldOptions(settings);
  const originMs = minuteOf(options.startMs - options.historyHours * 3_600_000) * 60_000;
  const posture = createPosture(options, originMs);
  const calendar = createCalendar(options, originMs, posture);
  const injected: PlannedEvent[] = [];
  const injectedByPersisted = new Map<number, PlannedEvent[]>();
  const injectedByPublished = new Map<number, PlannedEvent[]>();

  const entriesOf = (minute: number): readonly Entry[] => {
    const planned = calendar.persistedIn(minute);
    const added = injectedByPersisted.get(minute);
    if (added === undefined) return planned;
    const all = [...planned, ...added.map((event) => ({ persistedMs: event.persistedMs, event, repeated: false }))];
    return all.sort((a, b) => a.persistedMs - b.persistedMs);
  };

  return {
    options,
    originMs,
    posture,
    persistedAfter(position, untilMs, limit) {
      const served: Served[] = [];
      const from = Math.max(position.ms, originMs);
      for (let minute = minuteOf(from); minute <= minuteOf(untilMs); minute++) {
        let place: Position = { ms: -1, n: 0 };
        for (const { persistedMs, event } of entriesOf(minute)) {
          place = { ms: persistedMs, n: persistedMs === place.ms ? place.n + 1 : 1 };
          if (persistedMs > untilMs) return served;
          if (persistedMs < position.ms || (persistedMs === position.ms && place.n <= position.n)) continue;
          if (served.length === limit) return served;
          served.push({ event, persistedMs, position: place });
        }
      }
      return served;
    },
    *published(fromMs, toMs, seenMs) {
      for (let minute = minuteOf(Math.max(fromMs, originMs)); minute <= minuteOf(Math.min(toMs, seenMs)); minute++) {
        const added = injectedByPublished.get(minute) ?? [];
        const events = [...calendar.publishedIn(minute), ...added].sort(
          (a, b) => a.publishedMs - b.publishedMs || (a.uuid < b.uuid ? -1 : 1),
        );
        for (const event of events) {
          if (event.publishedMs >= fromMs && event.publishedMs < toMs && event.persistedMs <= seenMs) yield event;
        }
      }
    },
    labels(fromMs, toMs, seenMs) {
      const found: Planted[] = [];
      const take = (label: Planted) => {
        if (label.atMs > fromMs && label.atMs <= toMs && label.persistedMs <= seenMs) found.push(label);
      };
      for (let minute = minuteOf(Math.max(fromMs, originMs)); minute <= minuteOf(toMs); minute++) {
        for (const label of calendar.labelsIn(minute)) take(label);
      }
      for (const event of injected) {
        for (const label of event.labels) take({ ...label, atMs: event.publishedMs, persistedMs: event.persistedMs });
      }
      return found;
    },
    inject: (event) => {
      injected.push(event);
      file(injectedByPersisted, minuteOf(event.persistedMs), event);
      file(injectedByPublished, minuteOf(event.publishedMs), event);
    },
  };
};
