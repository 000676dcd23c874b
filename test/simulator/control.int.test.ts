import { afterEach, describe, expect, it } from 'vitest';
import { createVirtualClock } from '../../runtime/clock.ts';
import { createControlServer, createOktaServer, createWorld, type TruthTable } from '../../simulator/index.ts';
import { startMs } from './read-world.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const open = async (engine: 'idx' | 'v1' = 'idx') => {
  const clock = createVirtualClock(startMs);
  const world = createWorld({ clock, startMs, engine, historyHours: 12, eventsPerDay: 2000, users: 60 });
  const okta = createOktaServer({ world, clock, token: 'secret' });
  const control = createControlServer({ world, okta });
  const [api, hands] = [await okta.listen(), await control.listen()];
  closers.push(api.close, hands.close);
  const post = async (path: string, body: unknown) => {
    const response = await fetch(`${hands.url}/${path}`, { method: 'POST', body: JSON.stringify(body) });
    return { status: response.status, body: (await response.json()) as { uuids: string[]; error?: string } };
  };
  const read = async (path: string) => (await fetch(`${hands.url}/${path}`)).json();
  const truth = async (): Promise<TruthTable> => ((await read('truth')) as { kris: TruthTable }).kris;
  const okta_ = async (path: string) => fetch(`${api.url}${path}`, { headers: { authorization: 'SSWS secret' } });
  return { world, clock, post, read, truth, get: okta_ };
};

const count = (truth: TruthTable, slug: keyof TruthTable) => [
  truth[slug].draxis.numerator,
  truth[slug].corrected.numerator,
];

describe('the control API', () => {
  it.each([
    ['v1', { story: 'deny_push', count: 3 }, 'okta_failed_mfa_push_24h', [3, 3]],
    ['idx', { story: 'deny_push', count: 3 }, 'okta_failed_mfa_push_24h', [0, 3]],
    ['idx', { story: 'push_look_alike' }, 'okta_failed_mfa_push_24h', [0, 0]],
    ['idx', { story: 'admin_session', hours: 9 }, 'okta_admin_session_outliers_24h', [1, 1]],
    ['idx', { story: 'admin_session', hours: 30 }, 'okta_admin_session_outliers_24h', [0, 1]],
    ['idx', { story: 'admin_session', hours: 9, ending: 'endedSessionId' }, 'okta_admin_session_outliers_24h', [0, 1]],
    ['idx', { story: 'admin_session', hours: 7 }, 'okta_admin_session_outliers_24h', [0, 0]],
  ] as const)('%s %j moves %s by %j', async (engine, story, slug, moved) => {
    const { clock, post, truth } = await open(engine);
    const before = count(await truth(), slug);
    expect((await post('events', story)).status).toBe(200);
    clock.advance(60_000);
    const after = count(await truth(), slug);
    expect(after.map((value, index) => value - (before[index] ?? 0))).toEqual(moved);
  });

  it('persists an injected event now, after everything that was served before', async () => {
    const { post, get } = await open();
    const first = await get(`/api/v1/logs?since=${new Date(startMs).toISOString()}&limit=1000`);
    const next = /<([^>]+)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
    const { body } = await post('events', {
      eventType: 'user.session.start',
      displayMessage: 'by hand',
      published: '2026-06-10T08:00:00.000Z',
    });
    const page = await fetch(next, { headers: { authorization: 'SSWS secret' } });
    const events = (await page.json()) as { uuid: string; published: string; displayMessage: string }[];
    expect(events.map((event) => event.uuid)).toEqual(body.uuids);
    expect(events[0]).toMatchObject({ published: '2026-06-10T08:00:00.000Z', displayMessage: 'by hand' });
    const again = /<([^>]+)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1] ?? '';
    expect(await (await fetch(again, { headers: { authorization: 'SSWS secret' } })).json()).toEqual([]);
  });

  it('serves events of one millisecond one by one, when pages are that small', async () => {
    const { post, get } = await open();
    const { body } = await post('events', { story: 'deny_push', count: 3 });
    const seen: string[] = [];
    let target = `/api/v1/logs?since=${new Date(startMs).toISOString()}&limit=1`;
    for (let page = 0; page < body.uuids.length; page++) {
      const response = await get(target);
      seen.push(...((await response.json()) as { uuid: string }[]).map((event) => event.uuid));
      target = new URL(/<([^>]+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1] ?? '').href.replace(
        /^http:..[^/]+/,
        '',
      );
    }
    expect(seen).toEqual(body.uuids);
  });

  it('changes a person, the truth and the log together', async () => {
    const { world, clock, post, truth, get } = await open();
    const user = world.posture.usersAt(startMs).find(({ status }) => status === 'ACTIVE')?.person.id ?? '';
    await post(`users/${user}`, { factors: [], apps: ['Box'] });
    const before = await truth();
    const { body } = await post(`users/${user}`, { status: 'SUSPENDED' });
    clock.advance(60_000);
    const after = await truth();
    const slug = 'okta_inactive_users_with_app_access';
    expect(after[slug].draxis.numerator - before[slug].draxis.numerator).toBe(1);
    expect(after.okta_mfa_adoption_pct.draxis.denominator).toBe(
      (before.okta_mfa_adoption_pct.draxis.denominator ?? 0) - 1,
    );
    expect(await (await get(`/api/v1/users/${user}`)).json()).toMatchObject({ status: 'SUSPENDED' });
    const log = (await (await get(`/api/v1/logs?since=${new Date(startMs).toISOString()}`)).json()) as {
      uuid: string;
      eventType: string;
      target: { id: string; type: string }[];
    }[];
    const told = log.find((event) => event.uuid === body.uuids[0]);
    expect(told?.eventType).toBe('user.lifecycle.suspend');
    expect(told?.target.find(({ type }) => type === 'User')?.id).toBe(user);
    expect((await post(`users/${user}`, { status: 'ACTIVE', log: false })).body.uuids).toEqual([]);
  });

  it('changes a rule', async () => {
    const { world, post, truth } = await open();
    const policy = world.posture.policiesAt(startMs).find(({ name }) => name === 'Any two factors');
    const path = `policies/${policy?.id}/rules/${policy?.rules[0]?.id}`;
    const before = count(await truth(), 'okta_app_policy_exceptions');
    await post(path, { shape: 'oneFactor' });
    expect(count(await truth(), 'okta_app_policy_exceptions')).toEqual(before.map((value) => value + 1));
    await post(path, { status: 'INACTIVE' });
    expect(count(await truth(), 'okta_app_policy_exceptions')).toEqual(before);
    expect((await post('policies/rstnone/rules/rulnone', {})).status).toBe(404);
  });

  it('switches faults and rights on and off', async () => {
    const { post, get, read } = await open();
    await post('faults', {
      add: [{ path: '/api/v1/users*', fault: { kind: 'status', status: 502 } }],
      forbid: ['/api/v1/logs'],
    });
    expect([(await get('/api/v1/users/x/factors')).status, (await get('/api/v1/logs')).status]).toEqual([502, 403]);
    await post('faults', { clear: true, allow: ['/api/v1/logs'] });
    expect([(await get('/api/v1/users/x/factors')).status, (await get('/api/v1/logs')).status]).toEqual([404, 200]);
    expect(await read('requests')).toMatchObject({
      total: 4,
      counts: { '/api/v1/users/{id}/factors': 2, '/api/v1/logs': 2 },
    });
  });

  it('refuses what it does not know', async () => {
    const { post, read } = await open();
    expect((await post('events', { story: 'earthquake' })).status).toBe(400);
    expect((await post('users/00u1', { colour: 'red' })).status).toBe(400);
    expect(await read('nothing')).toEqual({ error: 'not found' });
    expect(await read('state')).toMatchObject({ engine: 'idx', users: { total: 60 } });
  });
});
