import { describe, expect, it } from 'vitest';
import type { RecordedPosture } from '../../processors/replay/posture-replay.ts';
import { minuteMs, toMinute, toTimestamp } from '../../schemas/time.ts';
import { noon } from './events.ts';
import { denial, nobody, pushes, readingsOf, replay } from './replayed.ts';

describe('posture of a recording', () => {
  const user = { kind: 'user', id: '00u1', status: 'ACTIVE', observedAt: toTimestamp(0) };
  const factors = {
    kind: 'factors',
    id: '00u1',
    factors: [{ factorType: 'webauthn', provider: 'FIDO', status: 'ACTIVE' }],
    observedAt: toTimestamp(0),
  };

  it('is the same at each minute, and without events the log is unknown and not 0', () => {
    const posture: RecordedPosture = {
      users: [user, factors],
      policies: [],
      sweeps: ['users', 'factors'],
      newestMs: noon - 1,
    };
    const { readings } = replay([], { kind: 'last' }, { posture });
    expect(readingsOf('okta_mfa_adoption_pct', readings)).toMatchObject([
      { asOf: toTimestamp(noon), draxis: { value: 100, numerator: 1, denominator: 1, status: 'ok' } },
    ]);
    expect(readingsOf(pushes, readings)).toMatchObject([
      { draxis: { value: null, status: 'unknown', reason: 'no data' } },
    ]);
    const twice = replay([], { kind: 'at', minutes: [toMinute(noon), toMinute(noon) + 5] }, { posture });
    expect(readingsOf('okta_phish_resistant_mfa_pct', twice.readings).map(({ draxis }) => draxis.value)).toEqual([
      100, 100,
    ]);
  });

  it('that was not given is unknown for want of data, since no sweep will come', () => {
    const { readings } = replay([denial(noon)], { kind: 'last' });
    for (const slug of ['okta_mfa_adoption_pct', 'okta_app_policy_exceptions'] as const) {
      expect(readingsOf(slug, readings)).toMatchObject([
        { draxis: { status: 'unknown', reason: 'no data' }, corrected: { status: 'unknown', reason: 'no data' } },
      ]);
    }
  });

  it('of nothing at all gives no readings', () => {
    expect(replay([], { kind: 'last' }).readings).toEqual([]);
  });

  it('gives no reason where there is a figure, and the log is unknown at every minute', () => {
    const posture = { ...nobody, users: [user, factors], sweeps: ['users', 'factors'] as const };
    const minutes = [noon, noon + 5 * minuteMs].map(toMinute);
    const { readings } = replay([], { kind: 'at', minutes }, { posture });
    expect(readingsOf('okta_mfa_adoption_pct', readings).map(({ draxis }) => draxis.reason)).toEqual([
      undefined,
      undefined,
    ]);
    expect(readingsOf(pushes, readings).map(({ asOf, draxis }) => [asOf, draxis.reason])).toEqual(
      minutes.map((minute) => [toTimestamp(minute * minuteMs), 'no data']),
    );
  });

  it('has its policies read, and counts them as swept whole', () => {
    const rules = [{ id: 'r1', status: 'ACTIVE', access: 'ALLOW', verificationMethod: null }];
    const policy = { kind: 'policy', id: 'p1', status: 'ACTIVE', resourceType: 'APP', rules };
    const posture: RecordedPosture = {
      users: [user, factors],
      policies: [policy],
      sweeps: ['users', 'policies'],
      newestMs: noon,
    };
    const exceptions = (more: Partial<RecordedPosture>, engine: 'idx' | 'v1' = 'idx') =>
      readingsOf(
        'okta_app_policy_exceptions',
        replay([], { kind: 'last' }, { posture: { ...posture, ...more }, engine }).readings,
      ).map(({ draxis }) => draxis.reason ?? [draxis.value, draxis.status, draxis.coverage]);
    expect(exceptions({})).toEqual([[1, 'ok', 1]]);
    expect(exceptions({ policies: [] })).toEqual([[0, 'ok', 1]]);
    expect(exceptions({ sweeps: ['users'] })).toEqual(['no data']);
    // Other reasons stay as they are.
    expect(exceptions({}, 'v1')).toEqual(['engine']);
  });
});
