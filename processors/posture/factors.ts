import type { Person } from './user-directory.ts';

type Factor = NonNullable<Person['factors']>[number];

const isActive = (factor: Factor): boolean => factor.status === 'ACTIVE';

/** Enrolled as the batch connector counts it: an ACTIVE factor that is neither `password` nor `question`. */
export const isEnrolledByDraxis = (factors: readonly Factor[]): boolean =>
  factors.some((factor) => isActive(factor) && factor.factorType !== 'password' && factor.factorType !== 'question');

/** Identity Engine enrols the e-mail authenticator by itself, so e-mail tells nothing of the person. */
export const isEnrolled = (factors: readonly Factor[]): boolean =>
  isEnrolledByDraxis(factors.filter((factor) => factor.factorType !== 'email'));

const isWebAuthn = (factor: Factor): boolean =>
  factor.factorType === 'webauthn' || factor.factorType === 'u2f' || factor.provider === 'FIDO';

/** The batch connector asks for no status here. */
export const isResistantByDraxis = (factors: readonly Factor[]): boolean => factors.some(isWebAuthn);

/** Okta calls FastPass (`signed_nonce`) phishing-resistant beside FIDO2. */
export const hasFastPass = (factors: readonly Factor[]): boolean =>
  factors.some((factor) => isActive(factor) && factor.factorType === 'signed_nonce');

export const isResistant = (factors: readonly Factor[]): boolean =>
  hasFastPass(factors) || factors.some((factor) => isActive(factor) && isWebAuthn(factor));
