import { describe, expect, test } from 'vitest';
import { at, factors, policy, postureProgress, postureReadings, sweep, user } from './snapshots.ts';

const ada = [user('ada'), factors('ada', ['push OKTA ACTIVE']), sweep('users')];
const adoption = (values: readonly unknown[], options = {}) =>
  postureReadings('users', values, options).filter(({ slug }) => slug === 'okta_mfa_adoption_pct');

describe.each([false, true])('the fold of snapshots (restarts: %s)', (restarts) => {
  const options = { restarts };

  test('emits one reading of each indicator at each new minute that a progress record names', () => {
    const values = [...ada, postureProgress(1), postureProgress(1), postureProgress(4.5), postureProgress(4.9)];
    const readings = postureReadings('users', values, options);
    expect(readings.map(({ slug, asOf, version }) => [slug, asOf, version])).toEqual(
      [
        [at(1), '3'],
        [at(4), '5'],
      ].flatMap(([asOf, version]) => [
        ['okta_mfa_adoption_pct', asOf, version],
        ['okta_phish_resistant_mfa_pct', asOf, version],
        ['okta_inactive_users_with_app_access', asOf, version],
      ]),
    );
  });

  test('never revises: what arrives later counts from the next minute on', () => {
    const values = [...ada, postureProgress(1), factors('ada', [], 0.5), postureProgress(1), postureProgress(2)];
    expect(adoption(values, options).map(({ asOf, draxis }) => [asOf, draxis.value])).toEqual([
      [at(1), 100],
      [at(2), 0],
    ]);
  });

  test('emits nothing while the source fails or is refused after it was read', () => {
    for (const state of ['failing', 'forbidden', 'unauthorised'] as const) {
      expect(adoption([...ada, postureProgress(1), postureProgress(2, { state })], options).length).toBe(1);
    }
  });

  test('emits one unknown reading of a source that was never authorised, and no more', () => {
    for (const state of ['forbidden', 'unauthorised'] as const) {
      const refused = [1, 2, 3].map((minutes) => postureProgress(minutes, { state }));
      const readings = postureReadings('policies', refused, options);
      expect(
        readings.map(({ asOf, draxis, corrected }) => [asOf, draxis.status, draxis.reason, corrected.reason]),
      ).toEqual([[at(1), 'unknown', state, state]]);
    }
    expect(postureReadings('policies', [postureProgress(1, { state: 'failing' })], options)).toEqual([]);
  });

  test('goes on once the source may be read', () => {
    const values = [postureProgress(1, { state: 'forbidden' }), ...ada, postureProgress(1), postureProgress(2)];
    expect(adoption(values, options).map(({ asOf, draxis }) => [asOf, draxis.value])).toEqual([
      [at(1), null],
      [at(2), 100],
    ]);
  });

  test('has equal digests where the evidence is the same, whatever happened between', () => {
    const values = [
      ...ada,
      postureProgress(1),
      user('bob', 'ACTIVE', 1),
      factors('bob', [], 1),
      postureProgress(2),
      factors('ada', [], 2),
      postureProgress(3),
      user('bob', 'DELETED', 3),
      factors('ada', ['push OKTA ACTIVE'], 3),
      postureProgress(4),
    ];
    const digests = adoption(values, options).map(({ digest }) => digest);
    expect(new Set(digests).size).toBe(3);
    expect(digests[3]).toBe(digests[0]);
  });

  test('puts the epoch into the version', () => {
    const [reading] = postureReadings('policies', [policy('p', []), postureProgress(1)], { ...options, epoch: 3 });
    expect(reading?.version).toBe(((3n << 48n) + 1n).toString());
  });
});
