/** What a rule's actions.appSignOn.verificationMethod demands, as far as the exceptions indicator asks. */
export type Verification =
  | { readonly kind: 'missing' }
  /** `strong`: one factor, but possession that cannot be phished or verifies the person. */
  | { readonly kind: 'one factor'; readonly strong: boolean }
  | { readonly kind: 'two factors' }
  /** `weakSingleStep`: one of its chains ends after a single step that is neither phishing-resistant nor verifies the person. */
  | { readonly kind: 'chain'; readonly weakSingleStep: boolean }
  | { readonly kind: 'unclassified' };

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const objectsIn = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.filter(isObject) : []);

const resistantMethods = new Set(['webauthn', 'signed_nonce', 'cert']);

const demandsStrength = (demands: Json): boolean =>
  demands['phishingResistant'] === 'REQUIRED' || demands['userVerification'] === 'REQUIRED';

/** A method of a chain or constraint, by its key (webauthn) or its method (signed_nonce). */
const isStrongMethod = (method: Json): boolean =>
  demandsStrength(method) ||
  resistantMethods.has(String(method['method'] ?? method['key']).toLowerCase()) ||
  String(method['key']).toLowerCase() === 'webauthn';

const isStrongPossession = (possession: unknown): boolean => {
  if (!isObject(possession)) return false;
  if (demandsStrength(possession)) return true;
  const methods = objectsIn(possession['authenticationMethods']);
  if (methods.length > 0) return methods.every(isStrongMethod);
  const names = Array.isArray(possession['methods']) ? possession['methods'] : [];
  return names.length > 0 && names.every((name) => resistantMethods.has(String(name).toLowerCase()));
};

/** Constraints are alternatives, so one weak one is enough to be let in with. */
const isStrongOneFactor = (constraints: unknown): boolean => {
  const list = objectsIn(constraints);
  return list.length > 0 && list.every((constraint) => isStrongPossession(constraint['possession']));
};

const isWeakSingleStep = (chain: Json): boolean =>
  objectsIn(chain['next']).length === 0 && !objectsIn(chain['authenticationMethods']).every(isStrongMethod);

/** Source of the shapes: Okta's Policies API, `VerificationMethod`. Unknown types are unclassified, never guessed. */
export const toVerification = (method: unknown): Verification => {
  if (method === null || method === undefined) return { kind: 'missing' };
  if (!isObject(method)) return { kind: 'unclassified' };
  if (method['factorMode'] === '1FA') return { kind: 'one factor', strong: isStrongOneFactor(method['constraints']) };
  if (method['factorMode'] === '2FA') return { kind: 'two factors' };
  if (method['type'] === 'AUTH_METHOD_CHAIN') {
    return { kind: 'chain', weakSingleStep: objectsIn(method['chains']).some(isWeakSingleStep) };
  }
  return { kind: 'unclassified' };
};
