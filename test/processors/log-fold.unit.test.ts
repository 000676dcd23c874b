import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { logIndicators } from '../../processors/indicators/index.ts';
import { createLogFold, type LogFold } from '../../processors/log/log-fold.ts';
import type { Facts } from '../../schemas/facts.ts';
import { encodeFacts } from '../../schemas/facts-header.ts';
import type { Progress } from '../../schemas/progress.ts';
import type { Reading } from '../../schemas/reading.ts';
import { minuteToMs, toTimestamp } from '../../schemas/time.ts';
import { event } from './events.ts';
import { factsOf, settings } from './given.ts';
import { type Mistake, truthAt } from './oracle.ts';
import { createSaved } from './saved.ts';
import { type Scenario, scenarios } from './scenario.ts';

const isProgress = (step: Facts | Progress): step is Progress => 'asOf' in step;

const createFold = (saved: Iterable<readonly [string, unknown]>) =>
  createLogFold({ settings, indicators: logIndicators, saved });

/** The readings of a scenario, in the order in which they were emitted. */
const fold = (
  steps: Scenario['steps'],
  foldEvent: (fold: LogFold, facts: Facts) => void = (fold, facts) => fold.event(facts),
): readonly Reading[] => {
  const saved = createSaved();
  let current = createFold([]);
  const readings: Reading[] = [];
  for (const [offset, { step, restart }] of steps.entries()) {
    if (isProgress(step)) {
      const emitted = current.progress(step, offset);
      if (step.state !== 'ok') expect(emitted).toEqual([]);
      readings.push(...emitted);
    } else foldEvent(current, step);
    if (!restart) continue;
    saved.take(current.takeChanges());
    current = createFold(saved.entries());
  }
  return readings;
};

const foldHeader = (fold: LogFold, facts: Facts): void => {
  if (!fold.header(encodeFacts(facts))) throw new Error('The header cannot be read.');
};

const versionsOf = (readings: readonly Reading[]): ReadonlyMap<string, readonly Reading[]> => {
  const versions = new Map<string, Reading[]>();
  for (const reading of readings) {
    const key = `${reading.slug} ${reading.asOf}`;
    versions.set(key, [...(versions.get(key) ?? []), reading]);
  }
  return versions;
};

const withoutVersion = ({ version, ...rest }: Reading) => rest;

/** Throws where the newest readings differ from what the oracle says. */
const checkAgainstOracle = (
  scenario: Scenario,
  versions: ReadonlyMap<string, readonly Reading[]>,
  mistake?: Mistake,
) => {
  const { engine, firstMinute, lastMinute } = scenario;
  const arrived = scenario.steps.flatMap(({ step }) => (isProgress(step) ? [] : [step]));
  const events = mistake === undefined ? scenario.distinctEvents : arrived;
  for (let minute = firstMinute; minute <= lastMinute; minute += 1) {
    const asOf = toTimestamp(minuteToMs(minute));
    for (const [slug, truth] of Object.entries(truthAt(events, minuteToMs(minute), engine, mistake))) {
      const newest = versions.get(`${slug} ${asOf}`)?.at(-1);
      if (newest === undefined) throw new Error(`${slug} has no reading at ${asOf}.`);
      const read = {
        draxis: newest.draxis.numerator,
        corrected: newest.corrected.numerator,
        measures: newest.measures,
      };
      const isEqual =
        read.draxis === truth.draxis &&
        read.corrected === truth.corrected &&
        Object.entries(truth.measures).every(([name, value]) => read.measures[name] === value);
      if (!isEqual) {
        throw new Error(`${slug} at ${asOf} reads ${JSON.stringify(read)}; the truth is ${JSON.stringify(truth)}.`);
      }
    }
  }
};

const check = (scenario: Scenario): void => {
  const readings = fold(scenario.steps);
  const versions = versionsOf(readings);
  const { firstMinute, lastMinute } = scenario;
  expect(versions.size).toBe((lastMinute - firstMinute + 1) * logIndicators.length);
  for (const [key, ofOne] of versions) {
    for (const [index, reading] of ofOne.entries()) {
      const before = ofOne[index - 1];
      if (before === undefined) continue;
      if (BigInt(before.version) >= BigInt(reading.version)) throw new Error(`${key}: versions do not rise.`);
      expect(withoutVersion(reading)).not.toEqual(withoutVersion(before));
    }
  }
  checkAgainstOracle(scenario, versions);
};

const runs = Number(process.env['FAST_CHECK_RUNS'] ?? 60);

describe('the fold of the log', () => {
  test('reads at every T what brute force over the distinct events says, whatever the order, the duplicates, the batches and the restarts', () => {
    fc.assert(fc.property(scenarios({ events: 40, pauses: 8 }), check), { numRuns: runs });
  });

  test('reads the same of few events', () => {
    fc.assert(fc.property(scenarios({ events: 5, pauses: 4 }), check), { numRuns: runs });
  });

  test('gives equal digests and equal readings for every order of arrival', () => {
    fc.assert(
      fc.property(scenarios({ events: 30, pauses: 6 }), (scenario) => {
        const arrived = versionsOf(fold(scenario.steps));
        const sorted = [...scenario.distinctEvents].sort((a, b) => a.publishedMs - b.publishedMs);
        const progress = scenario.steps.filter(({ step }) => isProgress(step));
        const inOrder = versionsOf(fold([...sorted.map((step) => ({ step, restart: false })), ...progress]));
        expect([...inOrder.keys()].sort()).toEqual([...arrived.keys()].sort());
        for (const [key, ofOne] of inOrder) {
          const [a, b] = [ofOne.at(-1), arrived.get(key)?.at(-1)];
          if (a === undefined || b === undefined) throw new Error(key);
          expect(withoutVersion(a)).toEqual(withoutVersion(b));
        }
      }),
      { numRuns: runs / 2 },
    );
  });

  test('reads the same byte for byte when the same log is folded again', () => {
    fc.assert(
      fc.property(scenarios({ events: 20, pauses: 4 }), ({ steps }) => {
        const uninterrupted = fold(steps.map(({ step }) => ({ step, restart: false })));
        expect(JSON.stringify(fold(steps))).toBe(JSON.stringify(uninterrupted));
      }),
      { numRuns: runs / 2 },
    );
  });
});

describe('an event folded from its header', () => {
  test('reads the same as one folded from its facts, whether an indicator looks at it or passes it over', () => {
    const others = fc.array(fc.constantFrom('user.authentication.sso', 'user.session.start', 'user.session.context'));
    fc.assert(
      fc.property(scenarios({ events: 30, pauses: 4 }), others, ({ steps }, types) => {
        const plain = types.map((type, index) => ({
          step: factsOf(event(type, minuteToMs(29_530_000 + index), { uuid: `plain${index}` })),
          restart: false,
        }));
        const all = [...plain, ...steps];
        expect(fold(all, foldHeader)).toEqual(fold(all));
      }),
      { numRuns: runs / 2 },
    );
  });

  test('is left to be parsed from its value where the header is missing or of another version', () => {
    expect(createFold([]).header(undefined)).toBe(false);
    expect(createFold([]).header('[1,"uuid"]')).toBe(false);
  });
});

describe('the comparison with the oracle catches', () => {
  test.each<Mistake>([
    'floor buckets',
    'no dedupe',
    'window [T-24h, T)',
    'dedupe by (actor, second)',
    'no recompute on a late end',
  ])('%s', (mistake) => {
    const outcome = fc.check(
      fc.property(scenarios({ events: 40, pauses: 6 }), (scenario) =>
        checkAgainstOracle(scenario, versionsOf(fold(scenario.steps)), mistake),
      ),
      // Seeded and many: whether a planted mistake is found must not depend on luck. It ends with the first that finds it.
      { numRuns: 500, seed: 20_261, endOnFailure: true },
    );
    expect(outcome.failed).toBe(true);
    expect(String(outcome.errorInstance)).toContain('the truth is');
  });
});
