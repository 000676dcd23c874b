import type { UserState } from '../world/posture.ts';
import type { World } from '../world/world.ts';
import { type Reply, toError, toJson } from './errors.ts';
import { parseEqualities, parseLimit, withQuery } from './filters.ts';
import { toAppLinkBodies, toFactorBody, toUserBody } from './user-bodies.ts';

const attributes: Readonly<Record<string, (user: UserState) => string>> = {
  status: (user) => user.status,
  id: (user) => user.person.id,
  'profile.login': (user) => user.person.login,
  'profile.email': (user) => user.person.login,
};

/** `GET /api/v1/users`: pages of at most 200 by id; without a filter, DEPROVISIONED people are left out. */
export const listUsers = (world: World, origin: string, query: URLSearchParams): Reply => {
  const limit = parseLimit(query.get('limit'), 200, Number.MAX_SAFE_INTEGER);
  if (limit === undefined || limit === 0) return toError('E0000001', 'limit');
  const filter = query.get('filter');
  const equalities = filter === null ? [] : parseEqualities(filter);
  if (equalities === undefined || equalities.some(({ attribute }) => !Object.hasOwn(attributes, attribute)))
    return toError('E0000031', filter ?? '');
  if (query.get('search') !== null || query.get('q') !== null)
    return toError('E0000031', 'the simulator knows filter only');
  const matches = (user: UserState): boolean =>
    filter === null
      ? user.status !== 'DEPROVISIONED'
      : equalities.some(({ attribute, value }) => attributes[attribute]?.(user) === value);
  const after = query.get('after') ?? '';
  const found = world.posture
    .usersAt(world.options.clock.now())
    .filter((user) => user.person.id > after && matches(user));
  const page = found.slice(0, Math.min(limit, 200));
  const last = page.at(-1);
  const more = found.length > page.length && last !== undefined;
  return {
    status: 200,
    body: JSON.stringify(page.map((user) => toUserBody(origin, user))),
    links: true,
    ...(more ? { next: withQuery('/api/v1/users', query, { after: last.person.id, limit: String(page.length) }) } : {}),
  };
};

/** `GET /api/v1/users/{id}`, `/factors` and `/appLinks`: one user, or lists that never page. */
export const readUser = (world: World, origin: string, id: string, part: 'user' | 'factors' | 'appLinks'): Reply => {
  const nowMs = world.options.clock.now();
  const user =
    world.posture.userAt(id, nowMs) ?? world.posture.usersAt(nowMs).find((known) => known.person.login === id);
  if (user === undefined) return toError('E0000007', `${id} (User)`);
  if (part === 'user') return toJson(toUserBody(origin, user));
  if (part === 'factors') return toJson(user.factors.map((factor) => toFactorBody(origin, user.person, factor)));
  return toJson(toAppLinkBodies(origin, user, world.posture.apps));
};
