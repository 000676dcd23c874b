import { request } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { createVirtualClock, type VirtualClock } from '../../runtime/clock.ts';
import { createOktaServer, createWorld, type Fault, truthAt, type World } from '../../simulator/index.ts';
import { everythingServed, startMs } from './read-world.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

interface Org {
  url: string;
  world: World;
  clock: VirtualClock;
  okta: ReturnType<typeof createOktaServer>;
  get(target: string): Promise<Response>;
  list(path: string): Promise<Record<string, never>[]>;
}

const openOrg = async (
  settings: Partial<Parameters<typeof createWorld>[0]> = {},
  more: Partial<Parameters<typeof createOktaServer>[0]> = {},
): Promise<Org> => {
  const clock = createVirtualClock(startMs);
  const world = createWorld({ clock, startMs, historyHours: 12, eventsPerDay: 4000, users: 60, ...settings });
  const okta = createOktaServer({ world, clock, token: 'secret', ...more });
  const { url, close } = await okta.listen();
  closers.push(close);
  const get = (target: string) =>
    fetch(target.startsWith('http') ? target : url + target, {
      headers: { authorization: 'SSWS secret' },
      redirect: 'manual',
    });
  const list = async (path: string) => (await get(path)).json() as Promise<Record<string, never>[]>;
  return { url, world, clock, okta, get, list };
};

const nextOf = (response: Response): string | undefined =>
  /<([^>]+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1];
const since = (world: World) => new Date(world.originMs).toISOString();

describe('the System Log by polling', () => {
  it('walks through every event in persistence order and always names a next page, even after an empty one', async () => {
    const { world, get } = await openOrg();
    const uuids: string[] = [];
    let target = `/api/v1/logs?since=${since(world)}&limit=1000&sortOrder=ASCENDING`;
    for (let page = 0; page < 20; page++) {
      const response = await get(target);
      const events = (await response.json()) as { uuid: string }[];
      uuids.push(...events.map((event) => event.uuid));
      const next = nextOf(response);
      expect(next).toBeDefined();
      target = next ?? '';
    }
    expect(uuids).toEqual(everythingServed(world).map(({ event }) => event.uuid));
    expect(target).not.toContain('since');
    expect(target).toMatch(/after=\d+_\d+/);
  });

  it('shows what came after the cursor was handed out, and nothing of the future', async () => {
    const { world, clock, get } = await openOrg();
    const first = await get(`/api/v1/logs?since=${new Date(startMs).toISOString()}`);
    expect(await first.json()).toEqual([]);
    clock.advance(600_000);
    const later = (await (await get(nextOf(first) ?? '')).json()) as { uuid: string }[];
    expect(later.length).toBeGreaterThan(5);
    expect(later).toHaveLength(world.persistedAfter({ ms: startMs, n: 0 }, clock.now(), 1000).length);
  });

  it('reads 100 events of the last seven days unless told otherwise', async () => {
    const { get } = await openOrg();
    expect(await (await get('/api/v1/logs')).json()).toHaveLength(100);
    expect(await (await get('/api/v1/logs?limit=0')).json()).toEqual([]);
  });

  it('filters by event type', async () => {
    const { get } = await openOrg();
    const filter = encodeURIComponent('eventType eq "user.session.end" or eventType eq "user.session.clear"');
    const response = await get(`/api/v1/logs?limit=1000&filter=${filter}`);
    const types = ((await response.json()) as { eventType: string }[]).map((event) => event.eventType);
    expect(new Set(types)).toEqual(new Set(['user.session.end', 'user.session.clear']));
    expect(nextOf(response)).toContain('filter=');
  });

  it.each([
    ['limit=1001', 'E0000001'],
    ['limit=many', 'E0000001'],
    ['after=nonsense', 'E0000001'],
    ['after=1_1&since=2026-06-10T00:00:00Z', 'E0000031'],
    ['since=yesterday', 'E0000053'],
    ['filter=published+gt+"2026"', 'E0000053'],
    ['sortOrder=RANDOM', 'E0000001'],
  ])('refuses %s', async (query, errorCode) => {
    const { get } = await openOrg();
    const response = await get(`/api/v1/logs?${query}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errorCode, errorLink: errorCode, errorCauses: expect.any(Array) });
  });
});

describe('the System Log between two times', () => {
  it.each(['ASCENDING', 'DESCENDING'])(
    'is ordered by published, complete once, and ends without a next link (%s)',
    async (sortOrder) => {
      const { world, get } = await openOrg();
      const until = new Date(startMs - 3_600_000).toISOString();
      const seen: { uuid: string; published: string }[] = [];
      let target: string | undefined =
        `/api/v1/logs?since=${since(world)}&until=${until}&limit=500&sortOrder=${sortOrder}`;
      while (target !== undefined) {
        const response = await get(target);
        const page = (await response.json()) as typeof seen;
        expect(page.length).toBeGreaterThan(0);
        seen.push(...page);
        target = nextOf(response);
      }
      const wanted = [...world.published(world.originMs, startMs - 3_600_000, startMs)].map((event) => event.uuid);
      expect(seen.map((event) => event.uuid)).toEqual(sortOrder === 'ASCENDING' ? wanted : wanted.reverse());
      const times = seen.map((event) => event.published);
      expect(times).toEqual(
        [...times].sort((a, b) => (sortOrder === 'ASCENDING' ? a.localeCompare(b) : b.localeCompare(a))),
      );
      expect(new Set(wanted).size).toBe(wanted.length);
    },
  );
});

describe('headers', () => {
  it('sends self and next as two separate Link lines', async () => {
    const { url } = await openOrg();
    const raw = await new Promise<string[]>((resolve) => {
      request(`${url}/api/v1/logs`, { headers: { authorization: 'SSWS secret' } }, (response) => {
        response.resume();
        resolve(response.rawHeaders);
      }).end();
    });
    const links = raw.filter((_, index) => index % 2 === 1 && raw[index - 1]?.toLowerCase() === 'link');
    expect(links).toHaveLength(2);
    expect(links[0]).toMatch(/rel="self"$/);
    expect(links[1]).toMatch(/rel="next"$/);
  });

  it('dates every response by the simulated clock, also errors', async () => {
    const { clock, get } = await openOrg();
    clock.advance(86_400_000);
    for (const target of ['/api/v1/users', '/api/v1/nothing']) {
      const response = await get(target);
      expect(response.headers.get('date')).toBe(new Date(startMs + 86_400_000).toUTCString());
      expect(response.headers.get('x-okta-request-id')).toBeTruthy();
    }
  });

  it('shares rate limits as Okta does: list, factors and appLinks together, one user apart', async () => {
    const { world, get } = await openOrg();
    const id = world.posture.usersAt(startMs)[0]?.person.id;
    const remaining = async (target: string) => Number((await get(target)).headers.get('x-rate-limit-remaining'));
    expect(await remaining('/api/v1/users')).toBe(299);
    expect(await remaining(`/api/v1/users/${id}/factors`)).toBe(298);
    expect(await remaining(`/api/v1/users/${id}/appLinks`)).toBe(297);
    expect(await remaining(`/api/v1/users/${id}`)).toBe(999);
    expect(await remaining('/api/v1/policies?type=ACCESS_POLICY')).toBe(599);
    expect(await remaining('/api/v1/behaviors')).toBe(598);
    expect(await remaining('/api/v1/logs')).toBe(59);
  });

  it('answers 429 when a bucket is empty, until the reset that it announced', async () => {
    const { clock, get } = await openOrg({}, { rateLimits: { users: 2 } });
    await get('/api/v1/users');
    await get('/api/v1/users');
    const refused = await get('/api/v1/users');
    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({ errorCode: 'E0000047' });
    const reset = Number(refused.headers.get('x-rate-limit-reset'));
    const waitMs = reset * 1000 - Date.parse(refused.headers.get('date') ?? '');
    expect(waitMs).toBeGreaterThan(0);
    expect(waitMs).toBeLessThanOrEqual(60_000);
    expect(reset % 60).not.toBe(0);
    clock.advance(waitMs - 2000);
    expect((await get('/api/v1/users')).status).toBe(429);
    clock.advance(3000);
    expect((await get('/api/v1/users')).status).toBe(200);
  });

  it('answers too many at once with a limit of zero', async () => {
    const { get } = await openOrg({}, { concurrency: 0 });
    const response = await get('/api/v1/users');
    expect(response.status).toBe(429);
    expect(response.headers.get('x-rate-limit-limit')).toBe('0');
    expect(response.headers.get('x-rate-limit-remaining')).toBe('0');
  });
});

describe('who may ask for what', () => {
  it.each([
    [undefined, 401, 'E0000005'],
    ['SSWS wrong', 401, 'E0000011'],
    ['Bearer secret', 401, 'E0000011'],
  ])('refuses the authorization %s', async (authorization, status, errorCode) => {
    const { url } = await openOrg();
    const response = await fetch(
      `${url}/api/v1/users`,
      authorization === undefined ? {} : { headers: { authorization } },
    );
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ errorCode });
  });

  it('refuses paths outside the role, other methods and unknown paths', async () => {
    const { url, get } = await openOrg({}, { forbidden: ['/api/v1/policies'] });
    expect(await (await get('/api/v1/policies?type=ACCESS_POLICY')).json()).toMatchObject({ errorCode: 'E0000006' });
    expect(await (await fetch(`${url}/api/v1/users`, { method: 'POST' })).json()).toMatchObject({
      errorCode: 'E0000022',
    });
    expect(await (await get('/api/v1/groups')).json()).toMatchObject({ errorCode: 'E0000007' });
    expect(await (await get('/_simulator/state')).json()).toMatchObject({ errorCode: 'E0000007' });
  });

  it('tells the engine to everybody', async () => {
    for (const engine of ['idx', 'v1'] as const) {
      const { url } = await openOrg({ engine });
      expect(await (await fetch(`${url}/.well-known/okta-organization`)).json()).toMatchObject({ pipeline: engine });
    }
  });
});

describe('posture', () => {
  it('pages through users by id, leaves DEPROVISIONED out unless a filter asks for them', async () => {
    const { world, get, list } = await openOrg({ users: 250 });
    const ids: string[] = [];
    let target: string | undefined = '/api/v1/users?limit=100';
    while (target !== undefined) {
      const response = await get(target);
      ids.push(...((await response.json()) as { id: string }[]).map((user) => user.id));
      target = nextOf(response);
    }
    const users = world.posture.usersAt(startMs);
    const gone = users.filter((user) => user.status === 'DEPROVISIONED');
    expect(gone.length).toBeGreaterThan(0);
    expect(ids).toEqual(users.filter((user) => user.status !== 'DEPROVISIONED').map((user) => user.person.id));
    const filter = encodeURIComponent('status eq "DEPROVISIONED"');
    expect((await list(`/api/v1/users?filter=${filter}`)).map((user) => user.id)).toEqual(
      gone.map((user) => user.person.id),
    );
    expect((await get('/api/v1/users?filter=status+ne+"ACTIVE"')).status).toBe(400);
    for (const id of ['00unobody', '%', '%2e%2e']) expect((await get(`/api/v1/users/${id}/factors`)).status).toBe(404);
  });

  it('serves bodies from which the truth can be counted', async () => {
    const { world, list } = await openOrg({ users: 120, suspendedUsers: 20 });
    const truth = truthAt(world, startMs);
    const active = await list(`/api/v1/users?filter=${encodeURIComponent('status eq "ACTIVE"')}`);
    const factors = await Promise.all(active.map((user) => list(`/api/v1/users/${user.id}/factors`)));
    type Body = { factorType: string; provider: string; status: string };
    const having = (lists: Body[][], wanted: (factor: Body) => boolean) => lists.filter((of) => of.some(wanted));
    const enrolled = having(
      factors as unknown as Body[][],
      (factor) => factor.status === 'ACTIVE' && factor.factorType !== 'question',
    );
    const fido = (factor: Body) => ['webauthn', 'u2f'].includes(factor.factorType) || factor.provider === 'FIDO';
    expect(truth.okta_mfa_adoption_pct.draxis).toEqual({ numerator: enrolled.length, denominator: active.length });
    expect(truth.okta_phish_resistant_mfa_pct.draxis).toEqual({
      numerator: having(enrolled, fido).length,
      denominator: enrolled.length,
    });
    const strict = having(
      factors as unknown as Body[][],
      (factor) => factor.status === 'ACTIVE' && !['question', 'email'].includes(factor.factorType),
    );
    const resistant = having(
      strict,
      (factor) => factor.status === 'ACTIVE' && (fido(factor) || factor.factorType === 'signed_nonce'),
    );
    expect(truth.okta_mfa_adoption_pct.corrected).toEqual({ numerator: strict.length, denominator: active.length });
    expect(truth.okta_phish_resistant_mfa_pct.corrected).toEqual({
      numerator: resistant.length,
      denominator: strict.length,
    });

    const suspended = await list(`/api/v1/users?filter=${encodeURIComponent('status eq "SUSPENDED"')}`);
    const links = await Promise.all(suspended.map((user) => list(`/api/v1/users/${user.id}/appLinks`)));
    expect(links.some((of) => of.length === 0)).toBe(true);
    expect(truth.okta_inactive_users_with_app_access.draxis.numerator).toBe(links.filter((of) => of.length > 0).length);

    const policies = await list('/api/v1/policies?type=ACCESS_POLICY');
    const rules = (await Promise.all(policies.map((policy) => list(`/api/v1/policies/${policy.id}/rules`)))).flat();
    type RuleBody = {
      status: string;
      actions: { appSignOn: { access: string; verificationMethod?: { factorMode?: string } } };
    };
    const exceptions = (rules as unknown as RuleBody[]).filter(({ status, actions: { appSignOn } }) => {
      const method = appSignOn.verificationMethod;
      return (
        status === 'ACTIVE' && appSignOn.access === 'ALLOW' && (method === undefined || method.factorMode === '1FA')
      );
    });
    expect(truth.okta_app_policy_exceptions.draxis.numerator).toBe(exceptions.length);
  });

  it('holds factors of many kinds and states, with the phone numbers and keys that must not be kept', async () => {
    const { world, list } = await openOrg({ users: 250 });
    const users = world.posture.usersAt(startMs);
    const bodies = (
      await Promise.all(users.slice(0, 200).map((user) => list(`/api/v1/users/${user.person.id}/factors`)))
    ).flat();
    const factors = bodies as unknown as {
      factorType: string;
      status: string;
      profile: Record<string, unknown>;
      _links: { resend?: unknown };
    }[];
    const types = new Set(factors.map((factor) => factor.factorType));
    for (const type of [
      'push',
      'signed_nonce',
      'token:software:totp',
      'webauthn',
      'sms',
      'call',
      'question',
      'email',
      'token:hardware',
    ])
      expect(types).toContain(type);
    expect(new Set(factors.map((factor) => factor.status))).toEqual(
      new Set(['ACTIVE', 'INACTIVE', 'PENDING_ACTIVATION']),
    );
    expect(factors.some((factor) => factor.profile.phoneNumber !== undefined)).toBe(true);
    expect(factors.some((factor) => Array.isArray(factor.profile.keys))).toBe(true);
    const resends = factors.flatMap((factor) =>
      factor._links.resend === undefined ? [] : [Array.isArray(factor._links.resend)],
    );
    expect(new Set(resends)).toEqual(new Set([true, false]));
  });

  it('pages policies and rules only when a limit is given, and has none in a Classic org', async () => {
    const { get, list } = await openOrg();
    const whole = await list('/api/v1/policies?type=ACCESS_POLICY');
    const first = await get('/api/v1/policies?type=ACCESS_POLICY&limit=5');
    expect(await first.json()).toHaveLength(5);
    const second = await list(nextOf(first) ?? '');
    expect(second[0]?.id).toBe(whole[5]?.id);
    const rules = await get(`/api/v1/policies/${whole[0]?.id}/rules`);
    expect(rules.headers.get('link')).toBeNull();
    expect(nextOf(await get(`/api/v1/policies/${whole[0]?.id}/rules?limit=1`))).toBeDefined();
    const classic = await openOrg({ engine: 'v1' });
    expect(await classic.list('/api/v1/policies?type=ACCESS_POLICY')).toEqual([]);
  });
});

describe('faults', () => {
  const withFault = (fault: Fault) => openOrg({}, { faults: ({ ordinal }) => (ordinal === 1 ? fault : undefined) });

  it.each([500, 502, 503, 429, 401, 403])('answers a scripted %i once, in Okta’s envelope', async (status) => {
    const { get } = await withFault({ kind: 'status', status });
    const response = await get('/api/v1/logs');
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ errorCode: expect.stringMatching(/^E0/) });
    expect((await get('/api/v1/logs')).status).toBe(200);
  });

  it('can cut a body, reset a connection, send a page, redirect, and stall until the client leaves', async () => {
    for (const fault of [{ kind: 'cut', bytes: 500 }, { kind: 'reset' }] as const) {
      const { get } = await withFault(fault);
      await expect(get('/api/v1/logs').then((response) => response.text())).rejects.toThrow();
    }
    const html = await (await withFault({ kind: 'html' })).get('/api/v1/logs');
    expect([html.status, html.headers.get('content-type')]).toEqual([200, 'text/html']);
    const redirect = await (await withFault({ kind: 'redirect', location: 'http://127.0.0.1:1/' })).get('/api/v1/logs');
    expect([redirect.status, redirect.headers.get('location')]).toEqual([302, 'http://127.0.0.1:1/']);
    const stalled = await withFault({ kind: 'stall' });
    const leaving = new AbortController();
    const answer = fetch(`${stalled.url}/api/v1/logs`, { signal: leaving.signal });
    await expect.poll(() => stalled.clock.sleepers()).toBe(1);
    leaving.abort();
    await expect(answer).rejects.toThrow();
    await expect.poll(() => stalled.clock.sleepers()).toBe(0);
  });

  it('can spoil the next link: foreign, missing, or the page itself', async () => {
    const foreign = await (await withFault({ kind: 'next', href: 'https://evil.example/api/v1/logs?after=1' })).get(
      '/api/v1/logs',
    );
    expect(nextOf(foreign)).toBe('https://evil.example/api/v1/logs?after=1');
    expect(nextOf(await (await withFault({ kind: 'next', href: null })).get('/api/v1/logs'))).toBeUndefined();
    const repeated = await (await withFault({ kind: 'repeat' })).get('/api/v1/logs?limit=3');
    expect(nextOf(repeated)).toMatch(/\/api\/v1\/logs\?limit=3$/);
  });

  it('applies rules to a route, after letting some through, for a while', async () => {
    const { okta, get } = await openOrg();
    okta.faults.add({ path: '/api/v1/users', skip: 1, times: 2, fault: { kind: 'status', status: 503 } });
    const statuses: number[] = [];
    for (let call = 0; call < 4; call++) statuses.push((await get('/api/v1/users')).status);
    expect(statuses).toEqual([200, 503, 503, 200]);
    expect((await get('/api/v1/logs')).status).toBe(200);
    expect(okta.requests().counts).toEqual({ '/api/v1/users': 4, '/api/v1/logs': 1 });
  });
});
