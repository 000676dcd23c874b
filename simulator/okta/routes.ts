import type { World } from '../world/world.ts';
import type { Reply } from './errors.ts';
import { listLogs } from './logs.ts';
import { describeOrganization, listBehaviors, listPolicies, listRules } from './policies.ts';
import type { Bucket } from './rate-limits.ts';
import { listUsers, readUser } from './users.ts';

interface Call {
  world: World;
  origin: string;
  query: URLSearchParams;
  id: string;
}

export interface Route {
  /** The path with `{id}` for an id: what requests are counted by. */
  pattern: string;
  bucket: Bucket;
  /** False for the one document that Okta shows to everybody. */
  authenticated: boolean;
  answer(call: Call): Reply;
}

const route = (
  pattern: string,
  bucket: Bucket,
  answer: (call: Call) => Reply,
  authenticated = true,
): Route & { path: RegExp } => ({
  pattern,
  bucket,
  authenticated,
  answer,
  path: new RegExp(`^${pattern.replaceAll('.', '\\.').replace('{id}', '([^/]+)')}$`),
});

const routes = [
  route('/api/v1/logs', 'logs', ({ world, query }) => listLogs(world, query)),
  route('/api/v1/users', 'users', ({ world, origin, query }) => listUsers(world, origin, query)),
  route('/api/v1/users/{id}', 'user', ({ world, origin, id }) => readUser(world, origin, id, 'user')),
  route('/api/v1/users/{id}/factors', 'users', ({ world, origin, id }) => readUser(world, origin, id, 'factors')),
  route('/api/v1/users/{id}/appLinks', 'users', ({ world, origin, id }) => readUser(world, origin, id, 'appLinks')),
  route('/api/v1/policies', 'rest', ({ world, origin, query }) => listPolicies(world, origin, query)),
  route('/api/v1/policies/{id}/rules', 'rest', ({ world, origin, id, query }) => listRules(world, origin, id, query)),
  route('/api/v1/behaviors', 'rest', ({ world, origin }) => listBehaviors(world, origin)),
  route('/.well-known/okta-organization', 'rest', ({ world, origin }) => describeOrganization(world, origin), false),
];

/** An id as the client meant it; a broken escape names nobody, which is a 404 and no failure of ours. */
const decodeId = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** The route of a path and the id in it; undefined for what the simulator does not serve. */
export const findRoute = (path: string): { route: Route; id: string } | undefined => {
  for (const candidate of routes) {
    const match = candidate.path.exec(path);
    if (match !== null) return { route: candidate, id: decodeId(match[1] ?? '') };
  }
  return undefined;
};
