import { type OktaFactor, oktaFactorSchema } from '../../schemas/okta/factor.ts';
import { type OktaPolicyRule, oktaPolicyRuleSchema, oktaPolicySchema } from '../../schemas/okta/policy.ts';
import { oktaUserSchema } from '../../schemas/okta/user.ts';
import type { FactorsSnapshot, PolicySnapshot, UserSnapshot } from '../../schemas/snapshots.ts';
import { toFactorsSnapshot, toPolicySnapshot, toUserSnapshot } from '../to-snapshot.ts';
import { factorOwner, ruleOwner } from './attribution.ts';
import { keepNewest, type RecordedObject } from './read-objects.ts';

/** What was left out, and why: no such shape, or nobody that it could be attributed to. */
export interface LeftOut {
  readonly line: number;
  readonly reason: string;
}

interface Sorted<Value> {
  readonly values: readonly Value[];
  readonly leftOut: readonly LeftOut[];
}

const sortOut = <Value>(
  objects: readonly RecordedObject[],
  parse: (value: unknown) => { success: true; data: Value } | { success: false },
  refusal: (value: Value) => string | undefined,
): Sorted<Value> => {
  const values: Value[] = [];
  const leftOut: LeftOut[] = [];
  for (const { value, line } of objects) {
    const parsed = parse(value);
    const reason = parsed.success
      ? refusal(parsed.data)
      : 'Not an object of this kind: a required property is missing.';
    if (parsed.success && reason === undefined) values.push(parsed.data);
    else leftOut.push({ line, reason: reason ?? '' });
  }
  return { values, leftOut };
};

/** Users of a recorded list, each once, in its newest version. */
export const toRecordedUsers = (
  objects: readonly RecordedObject[],
  options: { observedMs: number; keepName: boolean },
): { readonly users: readonly UserSnapshot[]; readonly leftOut: readonly LeftOut[] } => {
  const { values, leftOut } = sortOut(
    objects,
    (value) => oktaUserSchema.safeParse(value),
    () => undefined,
  );
  const users = keepNewest(values, (user) => user.id).map((user) => toUserSnapshot(user, options.observedMs, options));
  return { users, leftOut };
};

/** Factors of a recorded file, by user; a user whom no factor names is not in it. */
export const toRecordedFactors = (
  objects: readonly RecordedObject[],
  options: { observedMs: number },
): { readonly factors: readonly FactorsSnapshot[]; readonly leftOut: readonly LeftOut[] } => {
  const { values, leftOut } = sortOut(
    objects,
    (value) => oktaFactorSchema.safeParse(value),
    (factor) => (factorOwner(factor) === undefined ? 'No link of the factor names its user.' : undefined),
  );
  const byUser = new Map<string, OktaFactor[]>();
  const idOf = (factor: OktaFactor) => (factor.id == null ? undefined : `${factorOwner(factor)}/${factor.id}`);
  for (const factor of keepNewest(values, idOf)) {
    const owner = factorOwner(factor) ?? '';
    byUser.set(owner, [...(byUser.get(owner) ?? []), factor]);
  }
  const factors = [...byUser].map(([user, own]) => toFactorsSnapshot(user, own, options.observedMs));
  return { factors, leftOut };
};

/** Access policies of a recorded file with the rules of another. Policies of other types are left out without a word. */
export const toRecordedPolicies = (
  policyObjects: readonly RecordedObject[],
  ruleObjects: readonly RecordedObject[],
  options: { observedMs: number },
): { readonly policies: readonly PolicySnapshot[]; readonly leftOut: readonly LeftOut[] } => {
  const policies = sortOut(
    policyObjects,
    (value) => oktaPolicySchema.safeParse(value),
    () => undefined,
  );
  const rules = sortOut(
    ruleObjects,
    (value) => oktaPolicyRuleSchema.safeParse(value),
    (rule) => (ruleOwner(rule) === undefined ? 'The self link of the rule names no policy.' : undefined),
  );
  const byPolicy = new Map<string, OktaPolicyRule[]>();
  for (const rule of keepNewest(rules.values, (one) => `${ruleOwner(one)}/${one.id}`)) {
    const owner = ruleOwner(rule) ?? '';
    byPolicy.set(owner, [...(byPolicy.get(owner) ?? []), rule]);
  }
  const access = policies.values.filter(({ type }) => type === 'ACCESS_POLICY');
  return {
    policies: keepNewest(access, ({ id }) => id).map((policy) =>
      toPolicySnapshot(policy, byPolicy.get(policy.id) ?? [], options.observedMs),
    ),
    leftOut: [...policies.leftOut, ...rules.leftOut],
  };
};
