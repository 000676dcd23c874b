import { describe, expect, test } from 'vitest';
import type { Reading } from '../../schemas/reading.ts';
import { evidenceDigest } from './evidence-digest.ts';
import { at, lastReading, policy, postureProgress, sweep } from './snapshots.ts';

const complete = sweep('policies');
const read = (values: readonly unknown[], more: readonly unknown[] = [complete, postureProgress(1)]): Reading =>
  lastReading('policies', 'okta_app_policy_exceptions', [...values, ...more]);
const rule = (verificationMethod: unknown) => ({ verificationMethod });
const counts = ({ draxis, corrected, measures }: Reading) => ({
  draxis: draxis.value,
  corrected: corrected.value,
  strong: measures['strong_one_factor'],
  chains: measures['chains'],
  unclassified: measures['unclassified'],
});
const none = { draxis: 0, corrected: 0, strong: 0, chains: 0, unclassified: 0 };
const exception = { ...none, draxis: 1, corrected: 1 };

const assurance = (factorMode: string, constraints?: unknown) => ({
  type: 'ASSURANCE',
  factorMode,
  reauthenticateIn: 'PT2H',
  ...(constraints === undefined ? {} : { constraints }),
});
const possession = (...possessions: unknown[]) => possessions.map((possession) => ({ possession }));
const step = (methods: readonly Readonly<Record<string, unknown>>[], next?: readonly unknown[]) => ({
  authenticationMethods: methods,
  ...(next === undefined ? {} : { next }),
});
const chain = (...chains: unknown[]) => ({ type: 'AUTH_METHOD_CHAIN', chains });

const password = { key: 'okta_password', method: 'password' };
const email = { key: 'okta_email', method: 'email' };
const push = { key: 'okta_verify', method: 'push' };
const webauthn = { key: 'webauthn', method: 'webauthn' };
const fastPass = { key: 'okta_verify', method: 'signed_nonce' };

describe('a rule that lets people into apps', () => {
  test.each<[string, unknown, Partial<typeof none>]>([
    ['no verification method', null, exception],
    ['no verification method at all', undefined, exception],
    ['one factor without constraints', assurance('1FA'), exception],
    ['one factor and no constraint in the list', assurance('1FA', []), exception],
    ['one factor and an empty constraint', assurance('1FA', [{}]), exception],
    ['one factor and a possession without demands', assurance('1FA', possession({})), exception],
    ['one factor that is knowledge', assurance('1FA', [{ knowledge: { types: ['password'] } }]), exception],
    [
      'one factor, possession bound to a device only',
      assurance('1FA', possession({ deviceBound: 'REQUIRED' })),
      exception,
    ],
    ['one factor, resistance optional', assurance('1FA', possession({ phishingResistant: 'OPTIONAL' })), exception],
    ['one factor, verification optional', assurance('1FA', possession({ userVerification: 'OPTIONAL' })), exception],
    ['two factors', assurance('2FA'), none],
    ['two factors and an empty constraint', assurance('2FA', [{}]), none],
    [
      'one factor that resists phishing',
      assurance('1FA', possession({ phishingResistant: 'REQUIRED' })),
      { draxis: 1, strong: 1 },
    ],
    [
      'one factor that verifies the person',
      assurance('1FA', possession({ userVerification: 'REQUIRED' })),
      { draxis: 1, strong: 1 },
    ],
    [
      'one factor by passkey',
      assurance('1FA', possession({ authenticationMethods: [webauthn] })),
      { draxis: 1, strong: 1 },
    ],
    [
      'one factor by an older list of methods',
      assurance('1FA', possession({ methods: ['WEBAUTHN', 'signed_nonce'] })),
      { draxis: 1, strong: 1 },
    ],
    [
      'one factor by passkey or push',
      assurance('1FA', possession({ authenticationMethods: [webauthn, push] })),
      exception,
    ],
    [
      'one factor by a list of methods with a weak one',
      assurance('1FA', possession({ methods: ['webauthn', 'push'] })),
      exception,
    ],
    ['one factor by an empty list of methods', assurance('1FA', possession({ methods: [] })), exception],
    [
      'one factor by a method that must verify the person',
      assurance('1FA', possession({ authenticationMethods: [{ ...push, userVerification: 'REQUIRED' }] })),
      { draxis: 1, strong: 1 },
    ],
    ['a strong or a weak factor', assurance('1FA', possession({ phishingResistant: 'REQUIRED' }, {})), exception],
    [
      'two strong alternatives',
      assurance('1FA', possession({ phishingResistant: 'REQUIRED' }, { userVerification: 'REQUIRED' })),
      { draxis: 1, strong: 1 },
    ],
    ['a possession that is no object', assurance('1FA', possession('webauthn')), exception],
    ['constraints that are no list', assurance('1FA', { possession: { phishingResistant: 'REQUIRED' } }), exception],
    ['a chain of a password', chain(step([password])), { corrected: 1, chains: 1 }],
    ['a chain of an e-mail, next empty', chain(step([email], [])), { corrected: 1, chains: 1 }],
    ['a chain of a passkey', chain(step([webauthn])), { chains: 1 }],
    ['a chain of a passkey by its key', chain(step([{ key: 'webauthn', method: 'unknown' }])), { chains: 1 }],
    ['a chain of FastPass', chain(step([fastPass])), { chains: 1 }],
    ['a chain of a smart card', chain(step([{ key: 'smart_card_idp', method: 'cert' }])), { chains: 1 }],
    [
      'a chain of a push that verifies the person',
      chain(step([{ ...push, userVerification: 'REQUIRED' }])),
      { chains: 1 },
    ],
    [
      'a chain of a push that resists phishing',
      chain(step([{ ...push, phishingResistant: 'REQUIRED' }])),
      { chains: 1 },
    ],
    ['a chain of a passkey or a password', chain(step([webauthn, password])), { corrected: 1, chains: 1 }],
    ['a chain of a password and then a push', chain(step([password], [step([push])])), { chains: 1 }],
    ['a strong chain or a weak one', chain(step([webauthn]), step([email])), { corrected: 1, chains: 1 }],
    ['a chain without chains', { type: 'AUTH_METHOD_CHAIN' }, { chains: 1 }],
    ['identity proofing', { type: 'ID_PROOFING', id: 'idp1' }, { unclassified: 1 }],
    ['a type that nobody knows yet', { type: 'NEW' }, { unclassified: 1 }],
    ['a text', 'ASSURANCE', { unclassified: 1 }],
  ])('by %s', (_, verificationMethod, expected) => {
    const reading = read([policy('p1', [rule(verificationMethod)])]);
    expect(counts(reading)).toEqual({ ...none, ...expected });
    expect(reading.measures).toMatchObject({ rules: 1, policies: 1 });
    expect(reading.draxis).toMatchObject({ status: 'ok', coverage: 1, denominator: null });
  });

  test.each([
    ['is inactive', { status: 'INACTIVE' }],
    ['denies access', { access: 'DENY' }],
    ['has no access', { access: null }],
  ])('counts nowhere when it %s', (_, more) => {
    const rules = [assurance('1FA'), assurance('2FA'), chain(step([password])), { type: 'NEW' }];
    const reading = read([
      policy(
        'p1',
        rules.map((method) => ({ ...rule(method), ...more })),
      ),
    ]);
    expect(counts(reading)).toEqual(none);
    expect(reading.measures).toMatchObject({ rules: 4, policies: 1 });
  });

  test.each([
    ['an inactive policy', { status: 'INACTIVE' }],
    ['account management', { resourceType: 'END_USER_ACCOUNT_MANAGEMENT' }],
  ])('of %s counts by the draxis rule only', (_, more) => {
    expect(counts(read([policy('p1', [rule(null), rule(assurance('1FA'))], more)]))).toEqual({ ...none, draxis: 2 });
    expect(counts(read([policy('p1', [rule(chain(step([password])))], more)]))).toEqual({ ...none, chains: 1 });
  });

  test('of a policy that does not tell its resource counts', () => {
    expect(counts(read([policy('p1', [rule(null)], { resourceType: null })]))).toEqual(exception);
  });

  test('counts for itself: rules of several policies add up', () => {
    const reading = read([
      policy('p1', [rule(null), rule(assurance('2FA')), rule(assurance('1FA'))]),
      policy('p2', [rule(assurance('1FA'))]),
    ]);
    expect(counts(reading)).toMatchObject({ draxis: 3, corrected: 3 });
    expect(reading.measures).toMatchObject({ rules: 4, policies: 2 });
  });
});

describe('policy exceptions', () => {
  const weak = policy('p1', [rule(null)]);
  const unknown = { value: null, numerator: null, denominator: null, status: 'unknown' };

  test('are 0 in an org without policies whose list was read', () => {
    expect(read([]).draxis).toMatchObject({ value: 0, status: 'ok', coverage: 1 });
  });

  test('are unknown in a Classic org, which has no such policies', () => {
    expect(read([weak], [complete, postureProgress(1, { engine: 'v1' })]).draxis).toEqual({
      ...unknown,
      reason: 'engine',
      coverage: 1,
    });
    expect(read([weak], [complete, postureProgress(1, { engine: 'unknown' })]).draxis.status).toBe('ok');
  });

  test('are read anew when the engine becomes known, though no policy changed', () => {
    const steps = [complete, postureProgress(1, { engine: 'v1' }), postureProgress(2, { engine: 'idx' })];
    expect(read([weak], steps).draxis.status).toBe('ok');
  });

  test('are unknown before the first sweep is complete', () => {
    expect(read([weak], [postureProgress(1)]).draxis).toEqual({ ...unknown, reason: 'first sweep', coverage: 1 });
    expect(read([weak], [sweep('policies', { completed: null }), postureProgress(1)]).draxis.reason).toBe(
      'first sweep',
    );
    expect(read([weak], [sweep('policies', { state: 'failing' }), postureProgress(1)]).draxis.reason).toBe(
      'first sweep',
    );
  });

  test.each(['forbidden', 'unauthorised'] as const)('are unknown while policies are %s', (state) => {
    const steps = [complete, sweep('policies', { state, completed: null }), postureProgress(1, { engine: 'v1' })];
    expect(read([weak], steps).draxis).toEqual({ ...unknown, reason: state, coverage: 1 });
  });

  test('of a half read sweep are partial, and it takes nothing away', () => {
    const half = sweep('policies', { began: at(2), completed: at(3), wanted: 4, read: 1 });
    const reading = read([weak], [complete, half, postureProgress(4)]);
    expect(reading.draxis).toMatchObject({ value: 1, status: 'partial', reason: 'coverage', coverage: 0.25 });
    const running = sweep('policies', { began: at(2), completed: null, wanted: 4, read: 1 });
    expect(read([weak], [complete, running, postureProgress(4)]).draxis.status).toBe('ok');
    const whole = sweep('policies', { began: at(0), completed: at(3), wanted: 1, read: 1 });
    expect(read([weak], [complete, whole, postureProgress(4)]).draxis.status).toBe('ok');
  });

  test('lose the policies that a complete sweep did not see', () => {
    const values = [weak, policy('p2', [rule(null)], { observedAt: at(3) }), complete];
    const next = sweep('policies', { began: at(3), completed: at(4) });
    expect(read(values, [next, postureProgress(5)]).measures['policies']).toBe(1);
    expect(read(values, [next, weak, postureProgress(5)]).measures['policies']).toBe(1);
    expect(read(values, [next, { ...weak, observedAt: at(4) }, postureProgress(5)]).measures['policies']).toBe(2);
    expect(read(values, [{ ...next, state: 'failing' }, postureProgress(5)]).measures['policies']).toBe(2);
    expect(read(values, [{ ...next, completed: null }, postureProgress(5)]).measures['policies']).toBe(2);
  });

  test('follow the newest observation of a policy, however late an older one arrives', () => {
    const newer = policy('p1', [rule(assurance('2FA'))], { observedAt: at(2) });
    expect(read([newer, policy('p1', [rule(null)], { observedAt: at(1) })]).draxis.value).toBe(0);
    expect(read([newer, policy('p1', [rule(null)], { observedAt: at(2) })]).draxis.value).toBe(1);
  });

  test('lose a policy that a 404 found deleted', () => {
    const reading = read([weak, policy('p1', [], { status: 'DELETED', observedAt: at(1) })]);
    expect(reading.measures).toMatchObject({ rules: 0, policies: 0 });
    expect(reading.draxis.value).toBe(0);
  });

  test('ignore records of a kind that they do not know', () => {
    expect(read([weak, { kind: 'zone', id: 'z' }]).draxis.value).toBe(1);
  });

  test('have a digest of the rules that count, with the definitions that count them', () => {
    const digestOf = (...rules: unknown[]) => read([policy('p1', rules.map(rule))]).digest;
    const strong = assurance('1FA', possession({ phishingResistant: 'REQUIRED' }));
    expect(digestOf(null)).toBe(evidenceDigest('p1/rule0|1010'));
    expect(digestOf(assurance('2FA'), null)).toBe(evidenceDigest('p1/rule1|1010'));
    expect(digestOf(strong)).toBe(evidenceDigest('p1/rule0|1000'));
    expect(digestOf(chain(step([password])))).toBe(evidenceDigest('p1/rule0|0010'));
    expect(digestOf(assurance('2FA'))).toBe(evidenceDigest());
  });
});
