import { type OktaAppLink, oktaAppLinkSchema } from '../schemas/okta/app-link.ts';
import { type OktaFactor, oktaFactorSchema } from '../schemas/okta/factor.ts';
import type { OktaPolicy, OktaPolicyRule } from '../schemas/okta/policy.ts';
import type { OktaUser } from '../schemas/okta/user.ts';
import {
  type AppLinksSnapshot,
  deletedStatus,
  type FactorsSnapshot,
  type PolicySnapshot,
  type UserSnapshot,
} from '../schemas/snapshots.ts';
import { toTimestamp } from '../schemas/time.ts';

/** Pure mappings from Okta's objects to snapshots. They keep what indicators need and nothing personal. */

export const toUserSnapshot = (user: OktaUser, dateMs: number, options: { keepName: boolean }): UserSnapshot => {
  const login = user.profile?.login;
  return {
    kind: 'user',
    id: user.id,
    status: user.status,
    ...(options.keepName && typeof login === 'string' ? { name: login } : {}),
    ...(typeof user.lastUpdated === 'string' ? { lastUpdated: user.lastUpdated } : {}),
    observedAt: toTimestamp(dateMs),
  };
};

/** A user that Okta no longer has: the id, and nothing else. */
export const toDeletedUser = (id: string, dateMs: number): UserSnapshot => ({
  kind: 'user',
  id,
  status: deletedStatus,
  observedAt: toTimestamp(dateMs),
});

export const toFactorsSnapshot = (id: string, factors: readonly OktaFactor[], dateMs: number): FactorsSnapshot => ({
  kind: 'factors',
  id,
  factors: factors.map((factor) => ({
    ...(typeof factor.id === 'string' ? { id: factor.id } : {}),
    factorType: factor.factorType,
    provider: factor.provider ?? '',
    status: factor.status ?? '',
  })),
  observedAt: toTimestamp(dateMs),
});

/** Several links may lead to one app; `links` counts them all, `apps` the distinct ones. */
export const toAppLinksSnapshot = (id: string, links: readonly OktaAppLink[], dateMs: number): AppLinksSnapshot => {
  const apps = new Map<string, AppLinksSnapshot['apps'][number]>();
  for (const [index, link] of links.entries()) {
    const appInstanceId = link.appInstanceId ?? `link-${index}`;
    if (apps.has(appInstanceId)) continue;
    apps.set(appInstanceId, { appInstanceId, ...(typeof link.label === 'string' ? { label: link.label } : {}) });
  }
  return { kind: 'applinks', id, apps: [...apps.values()], links: links.length, observedAt: toTimestamp(dateMs) };
};

export const toPolicySnapshot = (
  policy: OktaPolicy,
  rules: readonly OktaPolicyRule[],
  dateMs: number,
): PolicySnapshot => ({
  kind: 'policy',
  id: policy.id,
  ...(typeof policy.name === 'string' ? { name: policy.name } : {}),
  status: policy.status ?? '',
  resourceType: policy._embedded?.resourceType ?? null,
  rules: rules.map((rule) => ({
    id: rule.id,
    ...(typeof rule.name === 'string' ? { name: rule.name } : {}),
    status: rule.status ?? '',
    ...(typeof rule.system === 'boolean' ? { system: rule.system } : {}),
    priority: rule.priority ?? null,
    access: rule.actions?.appSignOn?.access ?? null,
    verificationMethod: rule.actions?.appSignOn?.verificationMethod ?? null,
  })),
  observedAt: toTimestamp(dateMs),
});

/** A list of which every element is of the shape, or undefined: half an answer about one person is no answer. */
export const parseFactors = (json: unknown): readonly OktaFactor[] | undefined => {
  const parsed = oktaFactorSchema.array().safeParse(json);
  return parsed.success ? parsed.data : undefined;
};

export const parseAppLinks = (json: unknown): readonly OktaAppLink[] | undefined => {
  const parsed = oktaAppLinkSchema.array().safeParse(json);
  return parsed.success ? parsed.data : undefined;
};
