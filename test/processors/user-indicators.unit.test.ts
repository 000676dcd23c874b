import { describe, expect, test } from 'vitest';
import type { Reading } from '../../schemas/reading.ts';
import { toSampleRank } from '../../schemas/sample.ts';
import { evidenceDigest } from './evidence-digest.ts';
import { org } from './given.ts';
import { appLinks, at, factors, lastReading, postureProgress, sweep, user } from './snapshots.ts';

const listed = sweep('users');
const people = (list: Readonly<Record<string, readonly string[] | undefined>>) =>
  Object.entries(list).flatMap(([id, own]) => [user(id), ...(own === undefined ? [] : [factors(id, own)])]);

const adoption = (values: readonly unknown[], settings = {}): Reading =>
  lastReading('users', 'okta_mfa_adoption_pct', [...values, listed, postureProgress(1)], settings);
const resistant = (values: readonly unknown[], settings = {}): Reading =>
  lastReading('users', 'okta_phish_resistant_mfa_pct', [...values, listed, postureProgress(1)], settings);
const inactive = (values: readonly unknown[], more: readonly unknown[] = [listed]): Reading =>
  lastReading('users', 'okta_inactive_users_with_app_access', [...values, ...more, postureProgress(1)]);

const figures = ({ draxis, corrected }: Reading) => ({
  draxis: [draxis.numerator, draxis.denominator],
  corrected: [corrected.numerator, corrected.denominator],
});
const without = { value: null, numerator: null, denominator: null, status: 'unknown' };

describe('MFA adoption', () => {
  test.each([
    ['push OKTA ACTIVE', 1, 1],
    ['signed_nonce OKTA ACTIVE', 1, 1],
    ['claims_provider CUSTOM ACTIVE', 1, 1],
    ['email OKTA ACTIVE', 1, 0],
    ['password OKTA ACTIVE', 0, 0],
    ['question OKTA ACTIVE', 0, 0],
    ['push OKTA PENDING_ACTIVATION', 0, 0],
    ['push OKTA INACTIVE', 0, 0],
    ['email OKTA PENDING_ACTIVATION', 0, 0],
  ])('of somebody whose only factor is %s counts %i by draxis and %i corrected', (factor, draxis, corrected) => {
    const reading = adoption(people({ ada: [factor] }));
    expect(figures(reading)).toEqual({ draxis: [draxis, 1], corrected: [corrected, 1] });
    expect(reading.measures).toEqual({
      active: 1,
      sampled: 1,
      enrolled: corrected,
      email_only: draxis - corrected,
    });
  });

  test('counts somebody who has one real factor among others that are none', () => {
    const reading = adoption(
      people({ ada: ['email OKTA ACTIVE', 'question OKTA ACTIVE', 'sms OKTA ACTIVE'], bob: [] }),
    );
    expect(figures(reading)).toEqual({ draxis: [1, 2], corrected: [1, 2] });
    expect(reading.draxis.value).toBe(50);
    expect(reading.measures['email_only']).toBe(0);
  });

  test('asks active users only', () => {
    const values = [
      ...people({ ada: ['push OKTA ACTIVE'] }),
      ...['SUSPENDED', 'PASSWORD_EXPIRED', 'LOCKED_OUT', 'DEPROVISIONED'].flatMap((status) => [
        user(status, status),
        factors(status, ['push OKTA ACTIVE']),
      ]),
    ];
    expect(figures(adoption(values))).toEqual({ draxis: [1, 1], corrected: [1, 1] });
  });

  test('samples the users of lowest rank for the draxis rule, and asks all for the corrected', () => {
    const ids = ['u1', 'u2', 'u3', 'u4', 'u5'].sort((a, b) => (toSampleRank(org, a) < toSampleRank(org, b) ? -1 : 1));
    const lowest = ids.slice(0, 2);
    const values = people(
      Object.fromEntries(
        ['u5', 'u3', 'u1', 'u2', 'u4'].map((id) => [id, lowest.includes(id) ? ['push OKTA ACTIVE'] : []]),
      ),
    );
    const capped = adoption(values, { userSampleCap: 2 });
    expect(figures(capped)).toEqual({ draxis: [2, 2], corrected: [2, 5] });
    expect(capped.measures).toMatchObject({ active: 5, sampled: 2 });
    expect(figures(adoption(values, { userSampleCap: 3 })).draxis).toEqual([2, 3]);
    const all = adoption(values, { userSampleCap: 'all' });
    expect(figures(all).draxis).toEqual([2, 5]);
    expect(all.measures).toMatchObject({ sampled: 5 });
    expect(capped.digest).not.toBe(all.digest);
  });

  test('of an org without active users is unknown, never 0 %', () => {
    const reading = adoption([user('ada', 'SUSPENDED')]);
    expect(reading.draxis).toEqual({ ...without, reason: 'no data', coverage: 1 });
    expect(reading.corrected).toEqual({ ...without, reason: 'no data', coverage: 1 });
  });

  test('is unknown before the first list of users is complete', () => {
    const values = people({ ada: ['push OKTA ACTIVE'] });
    const of = (more: readonly unknown[]) =>
      lastReading('users', 'okta_mfa_adoption_pct', [...values, ...more, postureProgress(1)]);
    expect(of([]).draxis).toEqual({ ...without, reason: 'first sweep', coverage: 1 });
    expect(of([sweep('users', { completed: null })]).draxis.reason).toBe('first sweep');
    expect(of([sweep('users', { state: 'failing' })]).draxis.reason).toBe('first sweep');
    expect(of([sweep('users', { wanted: 2, read: 1 })]).draxis.reason).toBe('first sweep');
    expect(of([sweep('factors')]).draxis.reason).toBe('first sweep');
    expect(of([sweep('users', { wanted: 1, read: 1 })]).draxis.status).toBe('ok');
  });

  test('stays known while the next sweep runs or fails', () => {
    const values = [...people({ ada: ['push OKTA ACTIVE'] }), listed];
    expect(adoption(values).draxis.status).toBe('ok');
    for (const more of [{ completed: null }, { completed: null, state: 'failing' }] as const) {
      const reading = lastReading('users', 'okta_mfa_adoption_pct', [
        ...values,
        sweep('users', { ...more, began: at(1) }),
        postureProgress(1),
      ]);
      expect(reading.draxis.status).toBe('ok');
    }
  });

  test("is unknown while nobody's factors have been read, and partial while somebody's have not", () => {
    const none = adoption([user('ada'), user('bob')]);
    expect(none.draxis).toEqual({ ...without, reason: 'first sweep', coverage: 0 });
    const half = adoption([user('ada'), user('bob'), user('eve'), factors('ada', ['push OKTA ACTIVE'])]);
    expect(half.draxis).toMatchObject({
      value: 100,
      numerator: 1,
      denominator: 1,
      status: 'partial',
      reason: 'coverage',
    });
    expect(half.draxis.coverage).toBe(0.333333);
    expect(half.measures).toMatchObject({ active: 3, sampled: 3, enrolled: 1 });
  });

  test('is whole by draxis when the sample is read, while the others are still being read', () => {
    const [first, second] = ['u1', 'u2'].sort((a, b) => (toSampleRank(org, a) < toSampleRank(org, b) ? -1 : 1));
    const values = [user(String(first)), user(String(second)), factors(String(first), [])];
    const reading = adoption(values, { userSampleCap: 1 });
    expect(reading.draxis).toMatchObject({ value: 0, status: 'ok', coverage: 1 });
    expect(reading.corrected).toMatchObject({ value: 0, status: 'partial', coverage: 0.5 });
  });

  test.each(['forbidden', 'unauthorised'] as const)('tells that the users or their factors are %s', (state) => {
    const values = [...people({ ada: ['push OKTA ACTIVE'] }), listed];
    for (const refused of [sweep('users', { state, completed: null }), sweep('factors', { state, completed: null })]) {
      const reading = lastReading('users', 'okta_mfa_adoption_pct', [...values, refused, postureProgress(1)]);
      expect(reading.draxis).toEqual({ ...without, reason: state, coverage: 1 });
    }
    const other = lastReading('users', 'okta_mfa_adoption_pct', [
      ...values,
      sweep('applinks', { state }),
      postureProgress(1),
    ]);
    expect(other.draxis.status).toBe('ok');
  });

  test('the digest is of each active user with what they are in', () => {
    expect(adoption(people({ ada: ['push OKTA ACTIVE'] })).digest).toBe(evidenceDigest('ada|1111'));
    expect(adoption(people({ ada: ['email OKTA ACTIVE'] })).digest).toBe(evidenceDigest('ada|1101'));
    expect(adoption(people({ ada: [], bob: undefined })).digest).toBe(evidenceDigest('ada|0101'));
    expect(adoption(people({ ada: ['push OKTA ACTIVE'] }), { userSampleCap: 0 }).digest).toBe(
      evidenceDigest('ada|0011'),
    );
  });
});

describe('phishing-resistant MFA', () => {
  test.each<[string[], (number | null)[], (number | null)[], Record<string, number>]>([
    [['webauthn FIDO ACTIVE'], [1, 1], [1, 1], { resistant: 1, fastpass: 0 }],
    [['push OKTA ACTIVE', 'webauthn FIDO ACTIVE'], [1, 1], [1, 1], { resistant: 1, fastpass: 0 }],
    [['u2f FIDO ACTIVE'], [1, 1], [1, 1], { resistant: 1, fastpass: 0 }],
    [['u2f YUBICO ACTIVE'], [1, 1], [1, 1], { resistant: 1, fastpass: 0 }],
    [['webauthn CUSTOM ACTIVE'], [1, 1], [1, 1], { resistant: 1, fastpass: 0 }],
    [['call FIDO ACTIVE'], [1, 1], [1, 1], { resistant: 1, fastpass: 0 }],
    [['token:hardware YUBICO ACTIVE'], [0, 1], [0, 1], { resistant: 0, fastpass: 0 }],
    [['push OKTA ACTIVE', 'webauthn FIDO PENDING_ACTIVATION'], [1, 1], [0, 1], { resistant: 0, fastpass: 0 }],
    [['push OKTA ACTIVE', 'signed_nonce OKTA ACTIVE'], [0, 1], [1, 1], { resistant: 1, fastpass: 1 }],
    [['push OKTA ACTIVE', 'signed_nonce OKTA INACTIVE'], [0, 1], [0, 1], { resistant: 0, fastpass: 0 }],
    [['email OKTA ACTIVE', 'webauthn FIDO INACTIVE'], [1, 1], [null, null], { resistant: 0, fastpass: 0 }],
    [['webauthn FIDO PENDING_ACTIVATION'], [null, null], [null, null], { resistant: 0, fastpass: 0 }],
    [['question OKTA ACTIVE'], [null, null], [null, null], { resistant: 0, fastpass: 0 }],
  ])('of somebody with %j', (own, draxis, corrected, measures) => {
    const reading = resistant(people({ ada: own }));
    expect(figures(reading)).toEqual({ draxis, corrected });
    expect(reading.measures).toEqual(measures);
  });

  test('has those who are enrolled as its denominator', () => {
    const reading = resistant(
      people({ ada: ['webauthn FIDO ACTIVE'], bob: ['sms OKTA ACTIVE'], eve: ['email OKTA ACTIVE'], joe: [] }),
    );
    expect(figures(reading)).toEqual({ draxis: [1, 3], corrected: [1, 2] });
    expect([reading.draxis.value, reading.corrected.value]).toEqual([33.3, 50]);
  });

  test('asks the sample by draxis and all by the corrected definition', () => {
    const ids = ['u1', 'u2', 'u3'].sort((a, b) => (toSampleRank(org, a) < toSampleRank(org, b) ? -1 : 1));
    const values = people(
      Object.fromEntries(ids.map((id, index) => [id, index === 0 ? ['sms OKTA ACTIVE'] : ['webauthn FIDO ACTIVE']])),
    );
    expect(figures(resistant(values, { userSampleCap: 1 }))).toEqual({ draxis: [0, 1], corrected: [2, 3] });
  });

  test('of an org where nobody is enrolled is unknown', () => {
    expect(resistant(people({ ada: [] })).draxis).toEqual({ ...without, reason: 'no data', coverage: 1 });
  });

  test('has the coverage of the factors that it rests on', () => {
    const reading = resistant([...people({ ada: ['webauthn FIDO ACTIVE'], bob: undefined })]);
    expect(reading.draxis).toMatchObject({ value: 100, status: 'partial', reason: 'coverage', coverage: 0.5 });
    expect(reading.corrected).toMatchObject({ status: 'partial', coverage: 0.5 });
    expect(resistant([user('ada')]).corrected.reason).toBe('first sweep');
  });

  test.each<[string[], string | undefined]>([
    [['webauthn FIDO ACTIVE'], '1111'],
    [['push OKTA ACTIVE', 'webauthn FIDO INACTIVE'], '1101'],
    [['signed_nonce OKTA ACTIVE'], '0111'],
    [['push OKTA ACTIVE'], '0101'],
    [['email OKTA ACTIVE'], '0100'],
    [['email OKTA ACTIVE', 'webauthn FIDO INACTIVE'], '1100'],
    [[], undefined],
  ])('the digest of somebody with %j has the class %s', (own, membership) => {
    const expected = membership === undefined ? evidenceDigest() : evidenceDigest(`ada|${membership}`);
    expect(resistant(people({ ada: own })).digest).toBe(expected);
  });

  test('the digest tells those outside of the sample', () => {
    const outside = { userSampleCap: 0 };
    expect(resistant(people({ ada: ['webauthn FIDO ACTIVE'] }), outside).digest).toBe(evidenceDigest('ada|0011'));
    expect(resistant(people({ ada: ['email OKTA ACTIVE'] }), outside).digest).toBe(evidenceDigest());
  });
});

describe('suspended users with app access', () => {
  test('counts those whose app links are not empty', () => {
    const reading = inactive([
      user('ada', 'SUSPENDED'),
      appLinks('ada', 3),
      user('bob', 'SUSPENDED'),
      appLinks('bob', 0),
      user('eve', 'ACTIVE'),
      appLinks('eve', 2),
    ]);
    expect(figures(reading)).toEqual({ draxis: [1, null], corrected: [1, null] });
    expect(reading.measures).toEqual({ suspended: 2, with_access: 1 });
    expect(reading.draxis).toMatchObject({ status: 'ok', coverage: 1 });
  });

  test('looks at the 500 of lowest rank by draxis, and at all by the corrected definition', () => {
    const ids = Array.from({ length: 502 }, (_, index) => `u${index}`);
    const reading = inactive(ids.flatMap((id) => [user(id, 'SUSPENDED'), appLinks(id, 1)]));
    expect(figures(reading)).toEqual({ draxis: [500, null], corrected: [502, null] });
    expect(reading.measures).toEqual({ suspended: 502, with_access: 502 });
    const byRank = [...ids].sort((a, b) => (toSampleRank(org, a) < toSampleRank(org, b) ? -1 : 1));
    const onlyLast = inactive(byRank.flatMap((id, rank) => [user(id, 'SUSPENDED'), appLinks(id, rank >= 500 ? 1 : 0)]));
    expect(figures(onlyLast)).toEqual({ draxis: [0, null], corrected: [2, null] });
  });

  test('is 0 where nobody is suspended', () => {
    expect(inactive([user('ada')]).draxis).toMatchObject({ value: 0, status: 'ok', coverage: 1 });
  });

  test('is partial while links are being read, and unknown before the first', () => {
    const suspended = [user('ada', 'SUSPENDED'), user('bob', 'SUSPENDED')];
    expect(inactive([...suspended, appLinks('ada', 1)]).corrected).toMatchObject({
      value: 1,
      status: 'partial',
      coverage: 0.5,
    });
    expect(inactive(suspended).draxis).toEqual({ ...without, reason: 'first sweep', coverage: 0 });
    expect(inactive([user('ada')], []).draxis.reason).toBe('first sweep');
  });

  test('tells that links are forbidden, which factors that are forbidden do not matter to', () => {
    const values = [user('ada', 'SUSPENDED'), appLinks('ada', 1), listed];
    expect(inactive(values, [sweep('applinks', { state: 'forbidden' })]).draxis.reason).toBe('forbidden');
    expect(inactive(values, [sweep('factors', { state: 'forbidden' })]).draxis.status).toBe('ok');
  });

  test('whoever is unsuspended after the links were read counts no more', () => {
    expect(inactive([user('ada', 'SUSPENDED'), appLinks('ada', 1), user('ada', 'ACTIVE', 1)]).draxis.value).toBe(0);
  });

  test('the digest is of those who hold access, and tells whom the cap leaves out', () => {
    const ada = [user('ada', 'SUSPENDED'), appLinks('ada', 2)];
    expect(inactive([...ada, user('bob', 'SUSPENDED'), appLinks('bob', 0)]).digest).toBe(evidenceDigest('ada|1010'));
    const ids = Array.from({ length: 501 }, (_, index) => `u${index}`);
    const ranked = [...ids].sort((a, b) => (toSampleRank(org, a) < toSampleRank(org, b) ? -1 : 1));
    const last = ranked.at(-1);
    const one = inactive(ids.flatMap((id) => [user(id, 'SUSPENDED'), appLinks(id, id === last ? 1 : 0)]));
    expect(one.digest).toBe(evidenceDigest(`${last}|0010`));
  });
});

describe('what is known of users', () => {
  const enrolled = ['push OKTA ACTIVE'];
  const read = (values: readonly unknown[]) =>
    figures(lastReading('users', 'okta_mfa_adoption_pct', [...values, postureProgress(9)])).draxis;

  test('is the newest observation of each key, however late an older one arrives', () => {
    expect(
      read([
        listed,
        user('ada', 'ACTIVE', 2),
        factors('ada', enrolled, 2),
        factors('ada', [], 1),
        user('ada', 'SUSPENDED', 1),
      ]),
    ).toEqual([1, 1]);
    expect(read([listed, user('ada', 'ACTIVE', 2), factors('ada', enrolled, 2), factors('ada', [], 3)])).toEqual([
      0, 1,
    ]);
  });

  test('is the later record of two observations of one moment', () => {
    expect(read([listed, user('ada'), factors('ada', []), factors('ada', enrolled)])).toEqual([1, 1]);
  });

  test('lets nobody in whom a 404 found deleted', () => {
    expect(
      read([listed, user('ada'), factors('ada', enrolled), user('bob'), factors('bob', []), user('ada', 'DELETED', 1)]),
    ).toEqual([0, 1]);
  });

  test('leaves out whom a complete sweep did not see, and keeps whom it or something since its beginning saw', () => {
    const values = [
      ...['old', 'seen', 'edge'].flatMap((id) => [user(id), factors(id, enrolled)]),
      listed,
      user('seen', 'ACTIVE', 5),
      user('edge', 'ACTIVE', 3),
      sweep('users', { began: at(3), completed: at(6) }),
    ];
    expect(read(values)).toEqual([2, 2]);
    expect(read([...values, user('old', 'ACTIVE', 2)])).toEqual([2, 2]);
    expect(read([...values, user('new', 'ACTIVE', 2), factors('new', [], 2)])).toEqual([2, 2]);
    expect(read([...values, user('old', 'ACTIVE', 7)])).toEqual([3, 3]);
  });

  test('is untouched by a sweep that runs, fails, is half read, or is of another kind', () => {
    const values = [user('ada'), factors('ada', enrolled), listed];
    const began = at(3);
    for (const other of [
      sweep('users', { began, completed: null }),
      sweep('users', { began, state: 'failing' }),
      sweep('users', { began, wanted: 2, read: 1 }),
      sweep('factors', { began }),
      sweep('applinks', { began }),
    ]) {
      expect(read([...values, other])).toEqual([1, 1]);
    }
  });

  test('ignores records of a kind that it does not know', () => {
    expect(read([listed, user('ada'), factors('ada', enrolled), { kind: 'group', id: 'g' }])).toEqual([1, 1]);
  });
});
