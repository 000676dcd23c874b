import { expect } from 'vitest';
import type { LogIndicator } from '../../processors/indicator.ts';
import { logIndicators } from '../../processors/indicators/index.ts';
import { createLogFold } from '../../processors/log/log-fold.ts';
import { toFacts } from '../../schemas/facts.ts';
import type { Progress } from '../../schemas/progress.ts';
import type { Reading, Reason } from '../../schemas/reading.ts';
import { dayMs, toTimestamp } from '../../schemas/time.ts';
import { noon, type OktaEvent } from './events.ts';
import { createSaved } from './saved.ts';

export const org = 'acme';

export const settings = { org, userSampleCap: 2000, velocityNames: [] as readonly string[] } as const;

/** Progress of a log that is read from a day before noon on, so that noon is the first T whose window is whole. */
export const progressAt = (asOfMs: number, more: Partial<Progress> = {}): Progress => ({
  kind: 'progress',
  asOf: toTimestamp(asOfMs),
  spans: [{ from: toTimestamp(noon - dayMs), to: toTimestamp(asOfMs) }],
  state: 'ok',
  engine: 'unknown',
  scopes: [],
  deadLettered: [],
  ...more,
});

export type Step = OktaEvent | Progress;

const isProgress = (step: Step): step is Progress => !('uuid' in step);

export const factsOf = (event: unknown) => {
  const outcome = toFacts(event);
  if (!outcome.ok) throw new Error(outcome.reason);
  return outcome.facts;
};

/** Folds steps in their order; the offset of a step is its place. `restarts`: a new fold from saved state at each progress. */
export const readingsOf = (
  steps: readonly Step[],
  options: { restarts?: boolean; velocityNames?: readonly string[] } = {},
): readonly Reading[] => {
  const create = (saved: Iterable<readonly [string, unknown]>) =>
    createLogFold({
      settings: { ...settings, velocityNames: options.velocityNames ?? [] },
      indicators: logIndicators,
      saved,
    });
  const saved = createSaved();
  let fold = create([]);
  const readings: Reading[] = [];
  for (const [offset, step] of steps.entries()) {
    if (!isProgress(step)) {
      fold.event(factsOf(step));
      continue;
    }
    readings.push(...fold.progress(step, offset));
    if (!options.restarts) continue;
    saved.take(fold.takeChanges());
    fold = create(saved.entries());
  }
  return readings;
};

/** The newest reading of an indicator at T. */
export const newestAt = (readings: readonly Reading[], slug: string, atMs: number): Reading | undefined =>
  readings
    .filter((reading) => reading.slug === slug && reading.asOf === toTimestamp(atMs))
    .reduce<Reading | undefined>(
      (newest, reading) => (newest && BigInt(newest.version) > BigInt(reading.version) ? newest : reading),
      undefined,
    );

export interface Expected {
  readonly draxis?: number | null;
  readonly corrected?: number | null;
  readonly measures?: Readonly<Record<string, number | null>>;
  readonly reason?: Reason;
}

/**
 * `given(events).expect(indicator, reading)`: what the events, folded in this order, read as at T (noon unless told
 * otherwise). Every example must also hold when each event is delivered twice, and when the fold restarts at every
 * progress record.
 */
export const given = (steps: readonly Step[], options: { velocityNames?: readonly string[] } = {}) => ({
  expect: (indicator: LogIndicator, expected: Expected, atMs = noon): void => {
    const last = steps.at(-1);
    const whole: readonly Step[] = last !== undefined && isProgress(last) ? steps : [...steps, progressAt(atMs)];
    const doubled = whole.flatMap((step): Step[] => (isProgress(step) ? [step] : [step, step]));
    const runs = {
      once: readingsOf(whole, options),
      'each event twice': readingsOf(doubled, options),
      'with restarts': readingsOf(whole, { ...options, restarts: true }),
    };
    for (const [run, readings] of Object.entries(runs)) {
      const reading = newestAt(readings, indicator.slug, atMs);
      if (reading === undefined) throw new Error(`No reading of ${indicator.slug} at ${toTimestamp(atMs)}, ${run}.`);
      const { draxis, corrected, measures, reason } = expected;
      if (draxis !== undefined) expect({ run, draxis: reading.draxis.value }).toEqual({ run, draxis });
      if (corrected !== undefined) expect({ run, corrected: reading.corrected.value }).toEqual({ run, corrected });
      if (measures !== undefined) expect({ run, ...reading.measures }).toMatchObject({ run, ...measures });
      if (reason !== undefined) expect({ run, reason: reading.draxis.reason }).toEqual({ run, reason });
    }
  },
});
