/**
 * The shapes that verificationMethod takes in real access policies, with what each means because it was written so:
 * `draxis` marks an exception by the batch connector's rule (method missing, or factorMode 1FA), `corrected` one by
 * the true meaning. Both hold for an ACTIVE rule only; `corrected` also wants an ACTIVE policy that guards apps.
 */
export interface RuleShape {
  access: 'ALLOW' | 'DENY';
  draxis: boolean;
  corrected: boolean;
  /** undefined: the property is absent from the rule. */
  verificationMethod: unknown;
}

const assurance = (factorMode: '1FA' | '2FA', constraints?: unknown[]) => ({
  factorMode,
  type: 'ASSURANCE',
  reauthenticateIn: 'PT12H',
  ...(constraints === undefined ? {} : { constraints }),
});
const step = (...authenticationMethods: unknown[]) => ({ authenticationMethods });
const chain = (...chains: unknown[]) => ({ type: 'AUTH_METHOD_CHAIN', chains, reauthenticateIn: 'PT2H' });
const password = { key: 'okta_password', method: 'password' };
const passkey = { key: 'webauthn', method: 'webauthn', userVerification: 'REQUIRED', phishingResistant: 'REQUIRED' };
const fastpass = { key: 'okta_verify', method: 'signed_nonce', userVerification: 'REQUIRED' };
const email = { key: 'okta_email', method: 'email' };
const sms = { key: 'phone_number', method: 'sms' };
const shape = (
  access: 'ALLOW' | 'DENY',
  draxis: boolean,
  corrected: boolean,
  verificationMethod: unknown,
): RuleShape => ({
  access,
  draxis,
  corrected,
  verificationMethod,
});

export const ruleShapes = {
  twoFactor: shape('ALLOW', false, false, assurance('2FA')),
  twoFactorEmptyConstraint: shape('ALLOW', false, false, assurance('2FA', [{}])),
  twoFactorBound: shape(
    'ALLOW',
    false,
    false,
    assurance('2FA', [{ possession: { required: true, deviceBound: 'REQUIRED' } }]),
  ),
  oneFactor: shape('ALLOW', true, true, assurance('1FA')),
  oneFactorNoConstraints: shape('ALLOW', true, true, assurance('1FA', [])),
  oneFactorKnowledge: shape(
    'ALLOW',
    true,
    true,
    assurance('1FA', [{ knowledge: { types: ['password'], reauthenticateIn: 'PT2H' } }]),
  ),
  oneFactorResistant: shape(
    'ALLOW',
    true,
    false,
    assurance('1FA', [{ possession: { required: true, phishingResistant: 'REQUIRED' } }]),
  ),
  oneFactorVerifiesUser: shape(
    'ALLOW',
    true,
    false,
    assurance('1FA', [{ possession: { required: true, deviceBound: 'REQUIRED', userVerification: 'REQUIRED' } }]),
  ),
  oneFactorEitherWay: shape(
    'ALLOW',
    true,
    true,
    assurance('1FA', [
      { possession: { required: true, phishingResistant: 'REQUIRED' } },
      { knowledge: { types: ['password'] } },
    ]),
  ),
  chainPassword: shape('ALLOW', false, true, chain(step(password))),
  chainEmail: shape('ALLOW', false, true, chain(step(email))),
  chainPasskey: shape('ALLOW', false, false, chain(step(passkey))),
  chainTwoSteps: shape('ALLOW', false, false, chain({ ...step(password), next: [step(sms)] })),
  chainBranchesWeak: shape('ALLOW', false, true, chain(step(passkey), step(password))),
  chainBranchesStrong: shape(
    'ALLOW',
    false,
    false,
    chain(step(fastpass), { ...step(password), next: [step(sms), step(email)] }),
  ),
  idProofing: shape('ALLOW', false, false, { type: 'ID_PROOFING', id: 'idv0fictional0000001' }),
  missing: shape('ALLOW', true, true, undefined),
  denyTwoFactor: shape('DENY', false, false, assurance('2FA')),
  denyOneFactor: shape('DENY', false, false, assurance('1FA')),
} as const satisfies Record<string, RuleShape>;

export type RuleShapeName = keyof typeof ruleShapes;

export const isRuleShapeName = (value: unknown): value is RuleShapeName =>
  typeof value === 'string' && Object.hasOwn(ruleShapes, value);
