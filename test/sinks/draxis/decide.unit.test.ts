import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Reading } from '../../../schemas/reading.ts';
import { addReading, decidePushes, type PushSettings } from '../../../sinks/draxis/decide.ts';
import { emptySlugState, type OrgState } from '../../../sinks/draxis/push-state.ts';
import { at, reading, settings } from './readings.ts';

const posture = 'okta_mfa_adoption_pct';
const log = 'okta_failed_mfa_push_24h';

const emptyOrg = (logAsOf: string | null = null): OrgState => ({ logAsOf, slugs: new Map(), parked: new Map() });

const add = (state: OrgState, readings: readonly Reading[], by: PushSettings): OrgState => {
  for (const each of readings) {
    const known = state.slugs.get(each.slug) ?? emptySlugState();
    state.slugs.set(each.slug, addReading(known, each, state.logAsOf, by));
  }
  return state;
};

/** Draxis takes what goes out now. */
const accept = (state: OrgState, by: PushSettings, options?: { ignoreCadence?: boolean }) => {
  const pushes = decidePushes(state, by, options);
  for (const { slug, asOf, version, value } of pushes) {
    const known = state.slugs.get(slug) ?? emptySlugState();
    state.slugs.set(slug, { ...known, acked: { asOf, version, value }, attempted: asOf });
  }
  return pushes.map(({ slug, asOf, value }) => [slug, asOf, value]);
};

describe('the watermark', () => {
  it('lets the newest reading of posture go out at once', () => {
    const state = add(emptyOrg(), [reading(posture, 1, 90), reading(posture, 2, 91)], settings());
    expect(accept(state, settings())).toEqual([[posture, at(2), 91]]);
  });

  it('holds a reading of the log back until no late event can change it', () => {
    const readings = [1, 2, 3, 4].map((minute) => reading(log, minute, minute));
    const state = add(emptyOrg(at(12)), readings, settings());
    expect(accept(state, settings())).toEqual([[log, at(2), 2]]);
    state.logAsOf = at(13);
    expect(accept(state, settings())).toEqual([[log, at(3), 3]]);
  });

  it('follows the configured lateness', () => {
    const by = settings({ latenessMs: 0 });
    expect(accept(add(emptyOrg(at(4)), [reading(log, 4, 4)], by), by)).toEqual([[log, at(4), 4]]);
  });

  it('holds everything of the log back while no progress is known', () => {
    expect(decidePushes(add(emptyOrg(), [reading(log, 1, 1)], settings()), settings())).toEqual([]);
  });
});

describe('what can be pushed', () => {
  it.each([
    ['ok', {}, true],
    ['partial with enough coverage', { status: 'partial', coverage: 0.95, reason: 'coverage' }, true],
    ['partial with too little', { status: 'partial', coverage: 0.949, reason: 'coverage' }, false],
    ['unknown', { status: 'unknown', value: null, reason: 'no data' }, false],
    ['unknown although it has a value', { status: 'unknown', reason: 'no data' }, false],
  ] as const)('%s', (_, score, expected) => {
    const state = add(emptyOrg(), [reading(posture, 1, 90, score)], settings());
    expect(decidePushes(state, settings())).toHaveLength(expected ? 1 : 0);
  });

  it('is noted with its coverage when partial, rounded down', () => {
    const partial = reading(posture, 1, 90, { status: 'partial', coverage: 0.9999, reason: 'first sweep' });
    const [push] = decidePushes(add(emptyOrg(), [partial], settings()), settings());
    expect(push?.note).toBe(`Kriver, draxis definition, as of ${at(1)}. Partial: 99.9 % was read (first sweep).`);
  });

  it('is the newest reading that can, when a newer one is unknown', () => {
    const state = add(emptyOrg(), [reading(posture, 1, 90), reading(posture, 2, null)], settings());
    expect(accept(state, settings())).toEqual([[posture, at(1), 90]]);
  });

  it('is by the chosen definition, under the slug of the tenant', () => {
    const by = settings({ definitions: { [posture]: 'corrected' }, names: { [posture]: 'mfa' } });
    const [push] = decidePushes(add(emptyOrg(), [reading(posture, 1, 90, { corrected: 80 })], by), by);
    expect(push).toMatchObject({ name: 'mfa', value: 80 });
  });

  it('is of the selected KRIs only', () => {
    const by = settings({ selected: new Set([log]) });
    expect(decidePushes(add(emptyOrg(), [reading(posture, 1, 90)], by), by)).toEqual([]);
  });

  it('is never a revision of what was pushed, which is counted', () => {
    const state = add(emptyOrg(), [reading(posture, 1, 90)], settings());
    accept(state, settings());
    const [revised, same, old] = [
      reading(posture, 1, 95, { version: 7 }),
      reading(posture, 1, 90, { version: 8 }),
      reading(posture, 1, 70, { version: 0 }),
    ];
    const older = reading(posture, 0, 55, { version: 9 });
    add(state, [revised, same, old, older], settings());
    expect(accept(state, settings({ cadence: 'hourly' }))).toEqual([]);
    expect(state.slugs.get(posture)?.revisionsNotPushed).toBe(1);
  });

  it('is the highest version of a T, whatever order they come in', () => {
    const versions = [reading(log, 1, 5, { version: 9 }), reading(log, 1, 4, { version: 10 })];
    for (const order of [versions, versions.toReversed()]) {
      expect(accept(add(emptyOrg(at(20)), order, settings()), settings())).toEqual([[log, at(1), 4]]);
    }
  });

  it('is nothing older than what was sent without an answer', () => {
    const state = add(emptyOrg(), [reading(posture, 3, 90)], settings());
    const known = state.slugs.get(posture) ?? emptySlugState();
    state.slugs.set(posture, { ...known, attempted: at(4) });
    expect(decidePushes(state, settings())).toEqual([]);
    state.slugs.set(posture, { ...known, attempted: at(3) });
    expect(decidePushes(state, settings())).toHaveLength(1);
  });

  it('is not what Draxis did not take, until an hour of readings later', () => {
    const state = add(emptyOrg(), [reading(posture, 59, 90)], settings());
    state.parked.set(posture, at(0));
    expect(decidePushes(state, settings())).toEqual([]);
    add(state, [reading(posture, 60, 90)], settings());
    expect(decidePushes(state, settings())).toHaveLength(1);
  });
});

describe('the cadence', () => {
  /** Which T go out of a series of (T, value), T in minutes after 09:30. */
  const sent = (cadence: PushSettings['cadence'], series: readonly (readonly [number, number])[]) => {
    const by = settings({ cadence });
    const state = emptyOrg();
    return series.flatMap(([minute, value]) => {
      add(state, [reading(posture, minute, value)], by);
      return accept(state, by).length > 0 ? [minute] : [];
    });
  };

  it('on-change sends changes, and the same value once in 24 h', () => {
    expect(
      sent('on-change', [
        [0, 5],
        [1, 5],
        [2, 6],
        [3, 6],
        [1_441, 6],
        [1_442, 6],
        [1_443, 6],
      ]),
    ).toEqual([0, 2, 1_442]);
  });

  it('hourly sends the first T of each hour', () => {
    expect(
      sent('hourly', [
        [0, 5],
        [1, 6],
        [29, 7],
        [30, 7],
        [31, 8],
        [200, 8],
      ]),
    ).toEqual([0, 30, 200]);
  });

  it('daily sends the first T of each day of UTC', () => {
    expect(
      sent('daily', [
        [0, 5],
        [60, 6],
        [869, 7],
        [870, 7],
        [900, 8],
      ]),
    ).toEqual([0, 870]);
  });

  it('manual sends nothing, not even in a single pass', () => {
    const state = add(emptyOrg(), [reading(posture, 1, 90)], settings());
    expect(accept(state, settings({ cadence: 'manual' }), { ignoreCadence: true })).toEqual([]);
  });

  it('does not hold a single pass back, which still sends no T twice', () => {
    const state = add(emptyOrg(), [reading(posture, 1, 90)], settings());
    accept(state, settings());
    add(state, [reading(posture, 2, 90)], settings());
    expect(accept(state, settings())).toEqual([]);
    expect(accept(state, settings(), { ignoreCadence: true })).toEqual([[posture, at(2), 90]]);
    expect(accept(state, settings(), { ignoreCadence: true })).toEqual([]);
  });
});

describe('properties', () => {
  const step = fc.record({
    slug: fc.constantFrom(posture, log),
    minute: fc.integer({ min: 0, max: 60 }),
    value: fc.option(fc.integer({ min: 0, max: 3 })),
    version: fc.integer({ min: 0, max: 100 }),
    progress: fc.integer({ min: 0, max: 80 }),
    taken: fc.boolean(),
  });

  it('T strictly rises for each KRI whatever the order and duplication of readings, and never overtakes the watermark', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), fc.boolean(), (steps, ignoreCadence) => {
        const state = emptyOrg();
        const accepted = new Map<string, string>();
        const offered = new Map<string, string>();
        for (const { slug, minute, value, version, progress, taken } of steps) {
          add(state, [reading(slug, minute, value, { version })], settings());
          if (state.logAsOf === null || at(progress) > state.logAsOf) state.logAsOf = at(progress);
          for (const push of decidePushes(state, settings(), { ignoreCadence })) {
            expect(push.asOf > (accepted.get(push.slug) ?? '')).toBe(true);
            expect(push.asOf >= (offered.get(push.slug) ?? '')).toBe(true);
            if (push.slug === log)
              expect(Date.parse(push.asOf)).toBeLessThanOrEqual(Date.parse(state.logAsOf) - 600_000);
            offered.set(push.slug, push.asOf);
            const known = state.slugs.get(push.slug) ?? emptySlugState();
            state.slugs.set(push.slug, { ...known, attempted: push.asOf, acked: taken ? push : known.acked });
            if (taken) accepted.set(push.slug, push.asOf);
          }
        }
      }),
    );
  });

  it('candidates stay few however many readings come before progress does', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 30, maxLength: 100, size: 'max' }),
        (minutes) => {
          const state = add(
            emptyOrg(at(0)),
            minutes.map((minute) => reading(log, minute, 1)),
            settings(),
          );
          expect(state.slugs.get(log)?.candidates.length ?? 0).toBeLessThanOrEqual(12);
        },
      ),
    );
  });
});
