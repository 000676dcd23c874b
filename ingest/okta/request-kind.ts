/** What a request reads: the unit that requests are counted by, and that a 403 holds back. */
export type RequestKind =
  | 'logs'
  | 'users'
  | 'user'
  | 'factors'
  | 'applinks'
  | 'policies'
  | 'rules'
  | 'organization'
  | 'other';

export const toRequestKind = (path: string): RequestKind => {
  const parts = path.split('/').filter((part) => part !== '');
  if (parts[0] === '.well-known') return 'organization';
  const [, , collection, id, detail] = parts;
  if (collection === 'logs') return 'logs';
  if (collection === 'users') {
    if (id === undefined) return 'users';
    if (detail === undefined) return 'user';
    if (detail === 'factors') return 'factors';
    if (detail === 'appLinks') return 'applinks';
  }
  if (collection === 'policies') return detail === 'rules' ? 'rules' : 'policies';
  return 'other';
};

const sharedBuckets: Partial<Record<RequestKind, RequestKind>> = {
  factors: 'users',
  applinks: 'users',
  policies: 'other',
  rules: 'other',
};

/**
 * The rate-limit bucket that a kind of request draws from. Okta counts the user list, factors and app links in one
 * bucket and a single user in another; policies and rules are in that of everything else.
 */
export const toBucket = (kind: RequestKind): string => sharedBuckets[kind] ?? kind;
