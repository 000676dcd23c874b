import { describe, expect, test } from 'vitest';
import { failedMfaPush } from '../../processors/indicators/failed-mfa-push.ts';
import { ago, denyPush, denyPushInIdentityEngine, event, noon, type OktaEvent } from './events.ts';
import { evidenceDigest } from './evidence-digest.ts';
import { given, newestAt, progressAt, readingsOf } from './given.ts';

const idx = (steps: Parameters<typeof given>[0]) => given([...steps, progressAt(noon, { engine: 'idx' })]);

describe('denied MFA pushes', () => {
  test('a Classic denial counts by both definitions', () => {
    given([denyPush(ago({ hours: 1 }))]).expect(failedMfaPush, {
      draxis: 1,
      corrected: 1,
      measures: { classic: 1, identity_engine: 0, users: 1 },
    });
  });

  test('an Identity Engine denial counts by the corrected definition only', () => {
    given([denyPushInIdentityEngine(ago({ hours: 1 }))]).expect(failedMfaPush, {
      draxis: 0,
      corrected: 1,
      measures: { classic: 0, identity_engine: 1, users: 1 },
    });
  });

  test('no event at all reads as 0 where the log was read', () => {
    given([]).expect(failedMfaPush, { draxis: 0, corrected: 0, measures: { classic: 0, users: 0 } });
  });

  test.each([
    [
      'a push that was answered by OV_RESPONSE_APPROVE',
      denyPushInIdentityEngine(ago({}), { response: 'OV_RESPONSE_APPROVE' }),
    ],
    ['a push that failed with OV_RESPONSE_ERROR', denyPushInIdentityEngine(ago({}), { response: 'OV_RESPONSE_ERROR' })],
    ['a denial whose outcome is SUCCESS', denyPushInIdentityEngine(ago({}), { result: 'SUCCESS' })],
    ['a denial that needs an upgrade', event('user.mfa.okta_verify.deny_push_upgrade_needed', ago({}))],
    ['a wrong code', event('user.authentication.auth_via_mfa', ago({}), { outcome: { result: 'FAILURE' } })],
    [
      'the response of a denial in an event of another type',
      event('user.authentication.verify', ago({}), {
        outcome: { result: 'FAILURE' },
        debugData: { pushOnlyResponseType: 'OV_RESPONSE_DENY' },
      }),
    ],
    ['a push that was sent', event('system.push.send_factor_verify_push', ago({}))],
  ])('%s is no denial', (_, lookAlike) => {
    given([lookAlike]).expect(failedMfaPush, { draxis: 0, corrected: 0 });
  });

  test('the window holds t = T and t = T - 24 h + 1 ms, and not t = T - 24 h', () => {
    given([denyPush(noon)]).expect(failedMfaPush, { draxis: 1 });
    given([denyPush(ago({ hours: 24, ms: -1 }))]).expect(failedMfaPush, { draxis: 1, measures: { users: 1 } });
    given([denyPush(ago({ hours: 24 }))]).expect(failedMfaPush, { draxis: 0, measures: { users: 0 } });
    given([denyPush(noon + 1)]).expect(failedMfaPush, { draxis: 0 });
  });

  test('two denials by one person in one millisecond are two events, and one person', () => {
    given([denyPush(ago({ hours: 1 })), denyPush(ago({ hours: 1 }))]).expect(failedMfaPush, {
      draxis: 2,
      measures: { users: 1 },
    });
  });

  test('one uuid at two moments is two events', () => {
    given([denyPush(ago({ hours: 2 }), { uuid: 'same' }), denyPush(ago({ hours: 1 }), { uuid: 'same' })]).expect(
      failedMfaPush,
      { draxis: 2 },
    );
  });

  test('people are told by the target, then by the actor, and nobody is no person', () => {
    const target = [
      { type: 'AppInstance', id: '0oa1' },
      { type: 'User', id: '00ueve' },
    ];
    given([
      denyPush(ago({ hours: 3 }), { actor: '00uwrong', target }),
      denyPush(ago({ hours: 2 }), { actor: '00ueve' }),
      denyPush(ago({ hours: 1 }), { actor: null }),
      denyPush(ago({ hours: 1 }), { actor: 'unknown', target: [{ type: 'User', id: 'unknown' }] }),
      denyPush(ago({ hours: 1 }), { actor: '00uada', target: [{ type: 'User', id: 'unknown' }] }),
      denyPush(ago({ hours: 1 }), { actor: '00uada' }),
    ]).expect(failedMfaPush, { draxis: 6, measures: { users: 2 } });
  });

  test('one person is one, whether the target or the actor tells', () => {
    const target = [{ type: 'User', id: '00ueve' }];
    given([
      denyPush(ago({ hours: 3 }), { actor: '00uwrong', target }),
      denyPush(ago({ hours: 2 }), { actor: '00ueve' }),
    ]).expect(failedMfaPush, { measures: { users: 1 } });
  });

  test('a denial that comes late revises the readings that it is in', () => {
    given([progressAt(noon), denyPush(ago({ minutes: 30 })), progressAt(noon + 60_000)]).expect(failedMfaPush, {
      draxis: 1,
    });
  });

  test('an Identity Engine org that logged no Classic denial is unknown by the draxis rule', () => {
    idx([denyPushInIdentityEngine(ago({ hours: 1 }))]).expect(failedMfaPush, {
      draxis: null,
      corrected: 1,
      reason: 'engine',
    });
    idx([denyPush(ago({ hours: 1 }))]).expect(failedMfaPush, { draxis: 1, corrected: 1 });
  });

  test('the digest is of each denial with its class: a Classic one is in both numerators', () => {
    const digestOf = (...steps: OktaEvent[]) =>
      newestAt(readingsOf([...steps, progressAt(noon)]), failedMfaPush.slug, noon)?.digest;
    const atMs = ago({ hours: 1 });
    const classic = denyPush(atMs, { uuid: 'one' });
    const identityEngine = denyPushInIdentityEngine(atMs, { uuid: 'two' });
    expect(digestOf()).toBe(evidenceDigest());
    expect(digestOf(classic)).toBe(evidenceDigest(`${atMs}|one|1010`));
    expect(digestOf(identityEngine)).toBe(evidenceDigest(`${atMs}|two|0010`));
    expect(digestOf(classic, identityEngine)).toBe(evidenceDigest(`${atMs}|one|1010`, `${atMs}|two|0010`));
  });
});
