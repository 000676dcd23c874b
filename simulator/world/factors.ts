import type { Random } from './random.ts';
import { toOktaId } from './random.ts';

/**
 * The kinds of factor that Okta's Factors API lists, with what the simulator knows of each because it planted it.
 * `counts` says for which definition the kind is a second factor (email only for the batch connector's, question for
 * none), `resistant` for which it is phishing-resistant: FIDO for both, FastPass (`signed_nonce`) only for the corrected.
 */
interface FactorKindFacts {
  prefix: string;
  factorType: string;
  provider: string;
  counts: 'both' | 'draxis' | 'none';
  resistant: 'both' | 'corrected' | 'none';
}

export const factorKinds = {
  push: { prefix: 'opf', factorType: 'push', provider: 'OKTA', counts: 'both', resistant: 'none' },
  fastpass: { prefix: 'crp', factorType: 'signed_nonce', provider: 'OKTA', counts: 'both', resistant: 'corrected' },
  totp: { prefix: 'ost', factorType: 'token:software:totp', provider: 'OKTA', counts: 'both', resistant: 'none' },
  google: { prefix: 'uft', factorType: 'token:software:totp', provider: 'GOOGLE', counts: 'both', resistant: 'none' },
  webauthn: { prefix: 'fwf', factorType: 'webauthn', provider: 'FIDO', counts: 'both', resistant: 'both' },
  u2f: { prefix: 'fuf', factorType: 'u2f', provider: 'FIDO', counts: 'both', resistant: 'both' },
  sms: { prefix: 'sms', factorType: 'sms', provider: 'OKTA', counts: 'both', resistant: 'none' },
  call: { prefix: 'clf', factorType: 'call', provider: 'OKTA', counts: 'both', resistant: 'none' },
  yubikeyOtp: { prefix: 'ykf', factorType: 'token:hardware', provider: 'YUBICO', counts: 'both', resistant: 'none' },
  duo: { prefix: 'uft', factorType: 'web', provider: 'DUO', counts: 'both', resistant: 'none' },
  email: { prefix: 'emf', factorType: 'email', provider: 'OKTA', counts: 'draxis', resistant: 'none' },
  question: { prefix: 'ufs', factorType: 'question', provider: 'OKTA', counts: 'none', resistant: 'none' },
} as const satisfies Record<string, FactorKindFacts>;

export type FactorKind = keyof typeof factorKinds;
export type FactorStatus =
  | 'ACTIVE'
  | 'PENDING_ACTIVATION'
  | 'INACTIVE'
  | 'ENROLLED'
  | 'EXPIRED'
  | 'NOT_SETUP'
  | 'DISABLED';

export interface Factor {
  id: string;
  kind: FactorKind;
  status: FactorStatus;
  createdMs: number;
  /** Names the phone or laptop that carries it; one Okta Verify device yields several factors. */
  device: string;
}

export const isFactorKind = (value: unknown): value is FactorKind =>
  typeof value === 'string' && Object.hasOwn(factorKinds, value);

export const toFactor = (
  random: Random,
  kind: FactorKind,
  createdMs: number,
  status: FactorStatus = 'ACTIVE',
  device = `DEVICE${random.below(100_000)}`,
): Factor => ({ id: toOktaId(random, factorKinds[kind].prefix), kind, status, createdMs, device });

/** What somebody carries when the world begins. Weights are per cent; the last takes what is left. */
export const toInitialFactors = (random: Random, identityEngine: boolean, createdMs: number): Factor[] => {
  const make = (kind: FactorKind, status: FactorStatus = 'ACTIVE', device?: string) =>
    toFactor(random, kind, createdMs, status, device);
  const dice = random.below(100);
  const device = `PHONE${random.below(100_000)}`;
  const verify = (): Factor[] => [
    make('push', 'ACTIVE', device),
    ...(identityEngine ? [make('fastpass', 'ACTIVE', device)] : []),
    make('totp', 'ACTIVE', device),
  ];
  if (dice < 6) return [];
  if (dice < 16) return [make('email')];
  if (dice < 20) return [make('question')];
  if (dice < 46) return [...verify(), make('email')];
  if (dice < 56) return [make('webauthn'), ...verify()];
  if (dice < 61) return [make('webauthn'), make('email')];
  if (dice < 64) return [make('webauthn', 'INACTIVE'), make('sms'), make('question')];
  if (dice < 66) return [make('webauthn', 'PENDING_ACTIVATION'), make('email')];
  if (dice < 67) return [make('u2f'), make('sms')];
  if (dice < 77) return [make('push', 'ACTIVE', device), make('totp', 'ACTIVE', device)];
  if (dice < 87) return [make('sms'), make('call'), make('email')];
  if (dice < 90) return [make('yubikeyOtp'), make('email')];
  if (dice < 93) return [make('google')];
  if (dice < 95) return [make('duo'), make('question')];
  if (dice < 98) return [make('push', 'PENDING_ACTIVATION', device), make('question')];
  return [make('sms', 'INACTIVE')];
};
