import type { Answer, Seen } from './scripted-okta.ts';

export interface ModelOrg {
  /** In persistence order; a page is cut from here. Strings go out as they are. */
  events: (object | string)[];
  users: { id: string; status: string }[];
  factors: Record<string, object[]>;
  appLinks: Record<string, object[]>;
  policies: { id: string; rules: object[] }[];
  usersPerPage: number;
  rulesPerPage: number;
  /** Asked first: an answer instead of the org's own. */
  fault: (request: Seen, ordinal: number) => Answer | undefined;
}

export const createModelOrg = (parts: Partial<ModelOrg> = {}): ModelOrg => ({
  events: [],
  users: [],
  factors: {},
  appLinks: {},
  policies: [],
  usersPerPage: 200,
  rulesPerPage: 100,
  fault: () => undefined,
  ...parts,
});

export const event = (uuid: string, published: string): object => ({
  uuid,
  published,
  eventType: 'user.session.start',
  actor: { id: 'u1', type: 'User' },
});

const slice = <Value>(values: readonly Value[], request: Seen, size: number): { page: Value[]; next?: string } => {
  const from = Number(request.search.get('after') ?? 0);
  const page = values.slice(from, from + size);
  if (from + size >= values.length) return { page };
  const search = new URLSearchParams(request.search);
  search.set('after', String(from + size));
  return { page, next: `${request.path}?${search}` };
};

const logs = (org: ModelOrg, request: Seen): Answer => {
  const limit = Number(request.search.get('limit') ?? 100);
  const from = Number(request.search.get('after') ?? 0);
  const page = org.events.slice(from, from + limit);
  const texts = page.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)));
  // Polling always has a next link, after an empty page too.
  const next = `${request.path}?limit=${limit}&sortOrder=ASCENDING&after=${from + page.length}`;
  return { body: `[${texts.join(',\n ')}]`, next };
};

/** The script of an org as a plain model: what it holds is what it answers. */
export const answerFrom = (org: ModelOrg, request: Seen, ordinal: number): Answer | undefined => {
  const fault = org.fault(request, ordinal);
  if (fault !== undefined) return fault;
  const { path } = request;
  const [, , , collection, id, detail] = path.split('/');
  if (path === '/.well-known/okta-organization') return { json: { id: '00o', pipeline: 'idx' } };
  if (collection === 'logs') return logs(org, request);
  if (collection === 'users' && id === undefined) {
    const { page, next } = slice(org.users, request, org.usersPerPage);
    return { json: page, ...(next === undefined ? {} : { next }) };
  }
  if (collection === 'users' && detail === 'factors') return { json: org.factors[id ?? ''] ?? [] };
  if (collection === 'users' && detail === 'appLinks') return { json: org.appLinks[id ?? ''] ?? [] };
  if (collection === 'policies' && id === undefined) {
    return { json: org.policies.map((policy) => ({ id: policy.id, type: 'ACCESS_POLICY', status: 'ACTIVE' })) };
  }
  const policy = org.policies.find((one) => one.id === id);
  if (detail !== 'rules' || policy === undefined) return undefined;
  const { page, next } = slice(policy.rules, request, org.rulesPerPage);
  return { json: page, ...(next === undefined ? {} : { next }) };
};
