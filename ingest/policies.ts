import {
  type OktaPolicy,
  type OktaPolicyRule,
  oktaPolicyRuleSchema,
  oktaPolicySchema,
} from '../schemas/okta/policy.ts';
import type { OktaClient } from './okta/client.ts';
import { oktaFailure, toBodyError } from './okta/okta-error.ts';

export const policiesPath = '/api/v1/policies';
/** No limit: Okta then gives all in one page, and with a small one clients that ignore `next` have lost rules. */
const policiesUrl = `${policiesPath}?type=ACCESS_POLICY`;

/** All pages of a list, each element of a shape. One bad element spoils the list: a rule left out would be a lie. */
const readAll = async <Value>(
  okta: OktaClient,
  path: string,
  parse: (json: unknown) => { success: true; data: Value[] } | { success: false },
  signal: AbortSignal,
): Promise<{ values: Value[]; dateMs: number }> => {
  const values: Value[] = [];
  let target: string | undefined = path;
  let dateMs: number | undefined;
  while (target !== undefined) {
    const response = await okta.get(target, { signal });
    const page = parse(response.json);
    if (!page.success || response.next === target) {
      const where = { method: 'GET', path: path.split('?', 1)[0] ?? path };
      throw toBodyError(where, 'the answer is not a list of policies or rules', response.requestId);
    }
    values.push(...page.data);
    dateMs ??= response.dateMs;
    target = response.next;
  }
  return { values, dateMs: dateMs ?? 0 };
};

/** Every ACCESS_POLICY policy. `dateMs` is that of the first page. Throws what the client throws. */
export const listPolicies = async (
  okta: OktaClient,
  signal: AbortSignal,
): Promise<{ readonly policies: readonly OktaPolicy[]; readonly dateMs: number }> => {
  const { values, dateMs } = await readAll(
    okta,
    policiesUrl,
    (json) => oktaPolicySchema.array().safeParse(json),
    signal,
  );
  return { policies: values, dateMs };
};

export interface PolicyWithRules {
  readonly policy: OktaPolicy;
  readonly rules: readonly OktaPolicyRule[];
  readonly dateMs: number;
}

/** Each policy with all its rules, in order. One that is gone meanwhile (404) is left out; half a policy never comes. */
export async function* policiesWithRules(options: {
  okta: OktaClient;
  policies: readonly OktaPolicy[];
  signal: AbortSignal;
}): AsyncGenerator<PolicyWithRules> {
  const { okta, signal } = options;
  for (const policy of options.policies) {
    const path = `${policiesPath}/${encodeURIComponent(policy.id)}/rules`;
    try {
      const { values, dateMs } = await readAll(
        okta,
        path,
        (json) => oktaPolicyRuleSchema.array().safeParse(json),
        signal,
      );
      yield { policy, rules: values, dateMs };
    } catch (error) {
      if (oktaFailure(error)?.status !== 404) throw error;
    }
  }
}
