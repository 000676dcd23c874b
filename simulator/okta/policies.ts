import { behaviorRules, toBehaviorId } from '../world/behaviors.ts';
import type { Policy, Rule } from '../world/policies.ts';
import { ruleShapes } from '../world/rule-shapes.ts';
import type { World } from '../world/world.ts';
import { type Reply, toError, toJson } from './errors.ts';
import { parseLimit, withQuery } from './filters.ts';

const iso = (ms: number): string => new Date(ms).toISOString();
const link = (href: string, ...allow: string[]) => ({ href, hints: { allow } });
/** What one answer holds when no limit is asked for; recorded orgs of 67 policies came in one. */
const unpagedMost = 100;

const toPolicyBody = (origin: string, policy: Policy) => {
  const self = `${origin}/api/v1/policies/${policy.id}`;
  return {
    id: policy.id,
    status: policy.status,
    name: policy.name,
    priority: 1,
    system: policy.system,
    conditions: null,
    created: iso(policy.createdMs),
    lastUpdated: iso(policy.updatedMs),
    ...(policy.resourceType === undefined ? {} : { _embedded: { resourceType: policy.resourceType } }),
    _links: {
      mappings: link(`${self}/mappings`, 'GET', 'POST'),
      self: link(self, 'GET', 'PUT', 'DELETE'),
      rules: link(`${self}/rules`, 'GET', 'POST'),
    },
    type: 'ACCESS_POLICY',
  };
};

const toRuleBody = (origin: string, policy: Policy, rule: Rule, place: number) => {
  const self = `${origin}/api/v1/policies/${policy.id}/rules/${rule.id}`;
  const { access, verificationMethod } = ruleShapes[rule.shape];
  return {
    id: rule.id,
    status: rule.status,
    name: rule.name,
    priority: rule.system ? 99 : place + 1,
    created: iso(rule.createdMs),
    lastUpdated: iso(rule.updatedMs),
    system: rule.system,
    conditions: rule.system
      ? null
      : {
          people: { users: { exclude: [] } },
          network: { connection: 'ANYWHERE' },
          riskScore: { level: 'ANY' },
          userType: { include: [], exclude: [] },
        },
    actions: { appSignOn: { access, verificationMethod, keepMeSignedIn: { postAuth: 'NOT_ALLOWED' } } },
    _links: { self: link(self, 'GET', 'PUT', ...(rule.system ? [] : ['DELETE'])) },
    type: 'ACCESS_POLICY',
  };
};

/** Pages by a list's own order. Without a limit there are no pages, and for rules no links either. */
const toPages = <Item extends { id: string }>(
  items: readonly Item[],
  path: string,
  query: URLSearchParams,
  toBody: (item: Item, place: number) => unknown,
  links: boolean,
): Reply => {
  const asked = query.get('limit');
  const limit = parseLimit(asked, unpagedMost, Number.MAX_SAFE_INTEGER);
  if (limit === undefined || limit === 0) return toError('E0000001', 'limit');
  const after = query.get('after');
  const start = after === null ? 0 : items.findIndex((item) => item.id === after) + 1;
  if (after !== null && start === 0) return toError('E0000001', 'after', 'after: The after parameter is invalid.');
  const page = items.slice(start, start + limit);
  const last = page.at(-1);
  const more = start + limit < items.length && last !== undefined;
  return {
    status: 200,
    body: JSON.stringify(page.map((item, place) => toBody(item, start + place))),
    links: links || asked !== null || more,
    ...(more ? { next: withQuery(path, query, { after: last.id, limit: String(limit) }) } : {}),
  };
};

/** `GET /api/v1/policies?type=ACCESS_POLICY`. What a Classic org answers is not recorded; an empty list is assumed. */
export const listPolicies = (world: World, origin: string, query: URLSearchParams): Reply => {
  const type = query.get('type');
  if (type === null) return toError('E0000001', 'type', 'type: The type parameter is required.');
  const status = query.get('status');
  const policies = world.posture
    .policiesAt(world.options.clock.now())
    .filter((policy) => status === null || policy.status === status);
  return toPages(
    type === 'ACCESS_POLICY' ? policies : [],
    '/api/v1/policies',
    query,
    (policy) => toPolicyBody(origin, policy),
    true,
  );
};

export const listRules = (world: World, origin: string, id: string, query: URLSearchParams): Reply => {
  const policy = world.posture.policiesAt(world.options.clock.now()).find((known) => known.id === id);
  if (policy === undefined) return toError('E0000007', `${id} (Policy)`);
  return toPages(
    policy.rules,
    `/api/v1/policies/${id}/rules`,
    query,
    (rule, place) => toRuleBody(origin, policy, rule, place),
    false,
  );
};

export const listBehaviors = (world: World, origin: string): Reply =>
  toJson(
    behaviorRules.map(({ name, type }) => {
      const id = toBehaviorId(world.options.seed, name);
      return {
        id,
        name,
        type,
        settings:
          type === 'VELOCITY'
            ? { velocityKph: 805 }
            : { maxEventsUsedForEvaluation: 20, minEventsNeededForEvaluation: 0 },
        status: 'ACTIVE',
        created: iso(world.originMs),
        lastUpdated: iso(world.originMs),
        _link: { self: link(`${origin}/api/v1/behaviors/${id}`, 'GET', 'PUT', 'DELETE') },
      };
    }),
  );

/** `GET /.well-known/okta-organization`: needs no token, and tells the engine as `pipeline`. */
export const describeOrganization = (world: World, origin: string): Reply =>
  toJson({
    id: '00o0simulated0000001',
    _links: { organization: { href: origin } },
    pipeline: world.options.engine,
    settings: { analyticsCollectionEnabled: false, bugReportingEnabled: false, omEnabled: false },
  });
