import { oktaAppLinkSchema } from '../../schemas/okta/app-link.ts';
import { type OktaFactor, oktaFactorSchema } from '../../schemas/okta/factor.ts';
import {
  type OktaPolicy,
  type OktaPolicyRule,
  oktaPolicyRuleSchema,
  oktaPolicySchema,
} from '../../schemas/okta/policy.ts';
import { oktaUserSchema } from '../../schemas/okta/user.ts';
import type { AppLinksSnapshot, FactorsSnapshot, PolicySnapshot, UserSnapshot } from '../../schemas/snapshots.ts';
import { toAppLinksSnapshot, toFactorsSnapshot, toPolicySnapshot, toUserSnapshot } from '../to-snapshot.ts';
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

/** Whose object it is, or why it counts for nobody. */
const strangerReason = (owner: string | undefined, known: ReadonlySet<string>, what: string): string | undefined => {
  if (owner === undefined) return `Nothing in the ${what} names its user.`;
  return known.has(owner) ? undefined : `The user ${owner} of the ${what} is not among the recorded users.`;
};

const groupBy = <Value>(
  values: readonly Value[],
  keyOf: (value: Value) => string | undefined,
): Map<string, Value[]> => {
  const groups = new Map<string, Value[]>();
  for (const value of values) {
    const key = keyOf(value);
    if (key === undefined) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [value]);
    else group.push(value);
  }
  return groups;
};

/** Factors of a recorded file by user, of known users only; a user whom no factor names is not in it. */
export const toRecordedFactors = (
  objects: readonly RecordedObject[],
  options: { observedMs: number; known: ReadonlySet<string> },
): { readonly factors: readonly FactorsSnapshot[]; readonly leftOut: readonly LeftOut[] } => {
  const { values, leftOut } = sortOut(
    objects,
    (value) => oktaFactorSchema.safeParse(value),
    (factor) => strangerReason(factorOwner(factor), options.known, 'factor'),
  );
  const idOf = (factor: OktaFactor) => (factor.id == null ? undefined : `${factorOwner(factor)}/${factor.id}`);
  const byUser = groupBy(keepNewest(values, idOf), factorOwner);
  return { factors: [...byUser].map(([user, own]) => toFactorsSnapshot(user, own, options.observedMs)), leftOut };
};

/** App links of a recorded file by user (a link's `id` is the user's), of known users only. */
export const toRecordedAppLinks = (
  objects: readonly RecordedObject[],
  options: { observedMs: number; known: ReadonlySet<string> },
): { readonly appLinks: readonly AppLinksSnapshot[]; readonly leftOut: readonly LeftOut[] } => {
  const { values, leftOut } = sortOut(
    objects,
    (value) => oktaAppLinkSchema.safeParse(value),
    (link) => strangerReason(link.id ?? undefined, options.known, 'app link'),
  );
  const byUser = groupBy(values, (link) => link.id ?? undefined);
  return { appLinks: [...byUser].map(([user, own]) => toAppLinksSnapshot(user, own, options.observedMs)), leftOut };
};

/** Rules of other policy types (password, sign-on to Okta, authorization servers) let nobody into an app. */
const guardsApps = (rule: OktaPolicyRule): boolean =>
  rule.type === 'ACCESS_POLICY' || (rule.type == null && rule.actions?.appSignOn != null);

/** Stands in for a policy that was not recorded: the rule counts all the same, since it is rules that are counted. */
const assumedPolicy = (id: string): OktaPolicy => ({ id, type: 'ACCESS_POLICY', status: 'ACTIVE' });
const nameless = 'unknown';

/**
 * Access policies of a recorded file with the rules of another. Policies of other types are left out without a word, and
 * so are their rules. An app rule whose policy is not recorded counts as one of an active policy, and is told.
 */
export const toRecordedPolicies = (
  policyObjects: readonly RecordedObject[],
  ruleObjects: readonly RecordedObject[],
  options: { observedMs: number },
): {
  readonly policies: readonly PolicySnapshot[];
  readonly policiesLeftOut: readonly LeftOut[];
  readonly rulesLeftOut: readonly LeftOut[];
} => {
  const policies = sortOut(
    policyObjects,
    (value) => oktaPolicySchema.safeParse(value),
    () => undefined,
  );
  const rules = sortOut(
    ruleObjects,
    (value) => oktaPolicyRuleSchema.safeParse(value),
    () => undefined,
  );
  const known = new Map(keepNewest(policies.values, ({ id }) => id).map((policy) => [policy.id, policy]));
  const ownerOf = (rule: OktaPolicyRule): string => ruleOwner(rule) ?? nameless;
  const appRules = keepNewest(rules.values.filter(guardsApps), (rule) => `${ownerOf(rule)}/${rule.id}`);
  const byPolicy = groupBy(appRules, ownerOf);
  const strangers = [...byPolicy.keys()].filter((id) => !known.has(id));
  const access = [...known.values()].filter(({ type }) => type === 'ACCESS_POLICY');
  return {
    policies: [...access, ...strangers.map(assumedPolicy)].map((policy) =>
      toPolicySnapshot(policy, byPolicy.get(policy.id) ?? [], options.observedMs),
    ),
    policiesLeftOut: policies.leftOut,
    rulesLeftOut: [
      ...rules.leftOut,
      ...strangers.map((id) => ({
        line: lineOf(ruleObjects, byPolicy.get(id)?.[0]),
        reason: `The policy ${id} is not among the recorded ones: its ${byPolicy.get(id)?.length ?? 0} rules count as those of an active policy.`,
      })),
    ],
  };
};

const lineOf = (objects: readonly RecordedObject[], rule: OktaPolicyRule | undefined): number =>
  objects.find(({ value }) => value['id'] === rule?.id)?.line ?? 0;
