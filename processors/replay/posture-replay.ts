import type { BusRecord } from '../../runtime/bus/bus.ts';
import type { Engine, Progress, SweepKind } from '../../schemas/progress.ts';
import type { Reading, Score } from '../../schemas/reading.ts';
import { minuteToMs, toTimestamp } from '../../schemas/time.ts';
import { policySnapshotsTopic, systemLogTopic, userSnapshotsTopic } from '../../schemas/topics.ts';
import type { IndicatorSettings } from '../indicator.ts';
import { topicFolds } from '../topic-folds.ts';

/** Recorded posture, as snapshot records without their time of observation. */
export interface RecordedPosture {
  readonly users: readonly Readonly<Record<string, unknown>>[];
  readonly policies: readonly Readonly<Record<string, unknown>>[];
  /** The kinds that a recording was given for: each counts as swept whole. */
  readonly sweeps: readonly SweepKind[];
  /** The newest `lastUpdated` of the objects: the minute to read when there are no events. */
  readonly newestMs: number | undefined;
}

const toRecord = (value: unknown, offset: number): BusRecord => ({
  offset,
  key: 'recorded',
  value: Buffer.from(JSON.stringify(value)),
  headers: {},
});

/** A recording is never swept again: what was not given in it is not there, rather than yet to come. */
const toWithoutSweep = (reading: Reading): Reading => ({
  ...reading,
  draxis: toMissing(reading.draxis),
  corrected: toMissing(reading.corrected),
});

const toMissing = (score: Score): Score => (score.reason === 'first sweep' ? { ...score, reason: 'no data' } : score);

/** Posture has no history in a recording: the same objects are read at each minute asked for. */
export const replayPosture = (options: {
  readonly settings: IndicatorSettings;
  readonly engine: Engine;
  readonly posture: RecordedPosture;
  readonly minutes: readonly number[];
}): readonly Reading[] => {
  const { settings, engine, posture, minutes } = options;
  const first = minutes[0];
  if (first === undefined) return [];
  const observedAt = toTimestamp(minuteToMs(first));
  return topicFolds
    .filter(({ topic }) => topic !== systemLogTopic.name)
    .flatMap(({ topic, createOrgFold }) => {
      const fold = createOrgFold(settings, []);
      const entities = topic === userSnapshotsTopic.name ? posture.users : posture.policies;
      for (const [index, entity] of entities.entries()) fold.record(toRecord({ ...entity, observedAt }, index));
      for (const sweep of posture.sweeps) {
        if ((sweep === 'policies') !== (topic === policySnapshotsTopic.name)) continue;
        const whole = { kind: 'sweep', sweep, began: observedAt, completed: observedAt, state: 'ok' };
        fold.record(
          toRecord({ ...whole, wanted: entities.length, read: entities.length, next: null }, entities.length),
        );
      }
      return minutes.flatMap((minute, index) => {
        const asOf = toTimestamp(minuteToMs(minute));
        const progress: Progress = {
          kind: 'progress',
          asOf,
          spans: [],
          state: 'ok',
          engine,
          scopes: [],
          deadLettered: [],
        };
        return fold.progress(progress, index).map(toWithoutSweep);
      });
    });
};
