import type { Facts } from '../../schemas/facts.ts';
import type { Engine } from '../../schemas/progress.ts';
import type { Reading } from '../../schemas/reading.ts';
import { toMinute } from '../../schemas/time.ts';
import type { IndicatorSettings } from '../indicator.ts';
import { indicators } from '../indicators/index.ts';
import { createLogReplay, matters } from './log-replay.ts';
import { type RecordedPosture, replayPosture } from './posture-replay.ts';
import type { ReplayTimes } from './replay-times.ts';

/** A recording as it is fed, and the readings of all seven KRIs at its end. */
export interface Replay {
  /** False when the event is too far behind those before it: begin again with `sorted`. */
  event(facts: Facts): boolean;
  /** A record that could not be used, at its date where it has one. */
  deadLetter(timeMs: number | undefined): void;
  /** By minute, then in the order in which people read the KRIs. */
  finish(posture: RecordedPosture): readonly Reading[];
}

/** Events of one moment may come in any order: the fold sorts them out by their identity. */
const byTime = (a: Facts, b: Facts): number => a.publishedMs - b.publishedMs;

export const createReplay = (options: {
  readonly settings: IndicatorSettings;
  readonly engine: Engine;
  readonly times: ReplayTimes;
  /** Holds the events that matter in memory and folds them in order at the end, however they come. */
  readonly sorted: boolean;
}): Replay => {
  const { settings, engine, times, sorted } = options;
  const log = createLogReplay({ settings, engine, times });
  const held: Facts[] = [];
  let earliest: Facts | undefined;
  let latest: Facts | undefined;

  /** The first and the last event decide which minutes are read, so they are kept even if no indicator needs them. */
  const hold = (facts: Facts): void => {
    if (earliest === undefined || byTime(facts, earliest) < 0) earliest = facts;
    if (latest === undefined || byTime(facts, latest) > 0) latest = facts;
    if (matters(facts, settings)) held.push(facts);
  };

  return {
    event: (facts) => {
      if (!sorted) return log.event(facts);
      hold(facts);
      return true;
    },
    deadLetter: (timeMs) => log.deadLetter(timeMs),
    finish: (posture) => {
      for (const facts of [...held, ...(earliest ? [earliest] : []), ...(latest ? [latest] : [])].sort(byTime)) {
        log.event(facts);
      }
      const { readings, minutes } = log.finish(posture.newestMs === undefined ? undefined : toMinute(posture.newestMs));
      const newest = new Map<string, Reading>();
      const all = [...readings, ...replayPosture({ settings, engine, posture, minutes })];
      for (const reading of all) newest.set(`${reading.asOf}/${reading.slug}`, reading);
      const order = new Map(indicators.map(({ slug }, index) => [slug as string, index]));
      return [...newest.values()].sort(
        (a, b) =>
          (a.asOf < b.asOf ? -1 : a.asOf > b.asOf ? 1 : 0) || (order.get(a.slug) ?? 0) - (order.get(b.slug) ?? 0),
      );
    },
  };
};
