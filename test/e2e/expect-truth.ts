import { expect } from 'vitest';
import { definitions, type Reading, type Score } from '../../schemas/reading.ts';
import type { Slug } from '../../schemas/slugs.ts';
import type { TruthTable } from '../../simulator/index.ts';
import type { Org } from './simulated-org.ts';

/** Numerator and denominator, or why they are unknown. */
type Counts = readonly [numerator: number | null, denominator: number | null] | string;

const counted = ({ status, reason, numerator, denominator }: Score): Counts =>
  status === 'unknown' ? `unknown: ${reason}` : [numerator, denominator];

/** What a reading has to say: the truth, or why it cannot be known in this org at all. */
export const toExpected = (
  slug: Slug,
  definition: 'draxis' | 'corrected',
  truth: TruthTable,
  engine: string,
): Counts => {
  const { numerator, denominator } = truth[slug][definition];
  if (slug === 'okta_app_policy_exceptions' && engine === 'v1') return 'unknown: engine';
  if (slug === 'okta_failed_mfa_push_24h' && definition === 'draxis' && engine === 'idx' && numerator === 0)
    return 'unknown: engine';
  return [numerator, denominator];
};

/** Each reading says the truth of its own minute, by both definitions, of what the log had served by `seenMs`. */
export const expectTruth = (readings: readonly Reading[], org: Org, seenMs = org.world.options.clock.now()): void => {
  expect(readings.length).toBeGreaterThan(0);
  for (const reading of readings) {
    const truth = org.truthAt(Date.parse(reading.asOf), { persistedByMs: seenMs });
    for (const definition of definitions) {
      expect(counted(reading[definition]), `${reading.slug} ${definition} at ${reading.asOf}`).toEqual(
        toExpected(reading.slug, definition, truth, org.world.options.engine),
      );
    }
  }
};
