import { describe, expect, it } from 'vitest';
import { toSampleRank } from '../../schemas/sample.ts';
import { name, people, progressOf, recordsOf, refusal, stage, sweepsOf, valuesOf } from './ingest-stage.ts';
import { createModelOrg } from './model-org.ts';
import { createSteppingClock } from './stepping-clock.ts';

describe('users', () => {
  it('are listed first, then the factors of the sample by rank, then app links of the suspended', async () => {
    const users = [...people(6), ...people(2, 'SUSPENDED')];
    const { bus, server, once } = await stage(createModelOrg({ users, usersPerPage: 3 }));
    const summary = await once({ user_sample_cap: 3, concurrency: 1 });
    expect(summary.fetched).toMatchObject({ users: 8, factors: 3, applinks: 2 });
    const ranked = people(6)
      .map(({ id }) => id)
      .sort((a, b) => (toSampleRank(name, a) < toSampleRank(name, b) ? -1 : 1));
    const details = server.seen.map(({ path }) => path).filter((path) => path.startsWith('/api/v1/users'));
    expect(details.slice(0, 6)).toEqual([
      ...Array(3).fill('/api/v1/users'),
      ...ranked.slice(0, 3).map((id) => `/api/v1/users/${id}/factors`),
    ]);
    expect((await sweepsOf(bus, 'factors')).at(-1)).toMatchObject({ completed: null, wanted: 6, read: 3 });
    expect((await sweepsOf(bus, 'applinks')).at(-1)).toMatchObject({ wanted: 2, read: 2, state: 'ok' });
    expect((await sweepsOf(bus, 'users')).map(({ read, next }) => [read, next !== null])).toEqual([
      [3, true],
      [6, true],
      [8, false],
    ]);
  });

  it('keep nothing personal', async () => {
    const org = createModelOrg({
      users: [{ id: 'u1', status: 'ACTIVE', profile: { login: 'ann@acme.example' } } as never],
    });
    org.factors = {
      u1: [{ id: 'f', factorType: 'sms', provider: 'OKTA', status: 'ACTIVE', profile: { phoneNumber: '+1555' } }],
    };
    const { bus, once } = await stage(org);
    await once();
    const texts = (await recordsOf(bus, 'okta.user-snapshots')).map(({ text }) => text).join('\n');
    expect(texts).not.toMatch(/ann@|\+1555/);
    expect(await valuesOf(bus, 'okta.user-snapshots', `${name}/user/u1/factors`)).toEqual([
      {
        kind: 'factors',
        id: 'u1',
        factors: [{ id: 'f', factorType: 'sms', provider: 'OKTA', status: 'ACTIVE' }],
        observedAt: '2026-11-24T12:00:30.000Z',
      },
    ]);
  });

  it('are read on from the page where a list was interrupted', async () => {
    const org = createModelOrg({ users: people(6), usersPerPage: 2 });
    org.fault = ({ search, path }) =>
      path === '/api/v1/users' && search.get('after') === '4' ? refusal(503, 'E0000010') : undefined;
    const { bus, server, once } = await stage(org);
    expect((await once()).error?.code).toBe('okta-unavailable');
    expect((await progressOf(bus, 'okta.user-snapshots')).at(-1)).toMatchObject({ state: 'failing' });
    org.fault = () => undefined;
    const before = server.seen.length;
    expect((await once()).fetched).toMatchObject({ users: 2, factors: 6 });
    const lists = server.seen.slice(before).filter(({ path }) => path === '/api/v1/users');
    expect(lists.map(({ search }) => search.get('after'))).toEqual(['4']);
    expect((await sweepsOf(bus, 'users')).at(-1)).toMatchObject({ read: 6, completed: expect.any(String) });
  });

  it('have their factors read on where a sweep was interrupted', async () => {
    const org = createModelOrg({ users: people(120) });
    let served = 0;
    org.fault = ({ path }) => (path.endsWith('/factors') && ++served > 70 ? refusal(503, 'E0000010') : undefined);
    const { bus, once } = await stage(org);
    const first = await once();
    expect(first.error?.code).toBe('okta-unavailable');
    expect((await sweepsOf(bus, 'factors')).at(-1)).toMatchObject({ state: 'failing', read: 70, completed: null });
    org.fault = () => undefined;
    expect((await once()).fetched).toMatchObject({ users: 120, factors: 50 });
    expect((await sweepsOf(bus, 'factors')).at(-1)).toMatchObject({
      state: 'ok',
      read: 120,
      completed: expect.any(String),
    });
  });

  it('that are gone get the status DELETED and nothing else', async () => {
    const org = createModelOrg({ users: people(60) });
    const [first = ''] = people(60)
      .map(({ id }) => id)
      .sort((a, b) => (toSampleRank(name, a) < toSampleRank(name, b) ? -1 : 1));
    org.fault = ({ path }) => (path === `/api/v1/users/${first}/factors` ? refusal(404, 'E0000007') : undefined);
    const { bus, once } = await stage(org);
    expect((await once()).error).toBeUndefined();
    expect((await valuesOf(bus, 'okta.user-snapshots', `${name}/user/${first}`)).at(-1)).toEqual({
      kind: 'user',
      id: first,
      status: 'DELETED',
      observedAt: '2026-11-24T12:00:30.000Z',
    });
    expect((await sweepsOf(bus, 'factors')).at(-1)).toMatchObject({
      wanted: 59,
      read: 59,
      completed: expect.any(String),
    });
  });

  it('whose app links are forbidden still have their factors read', async () => {
    const org = createModelOrg({ users: [...people(2), ...people(1, 'SUSPENDED')] });
    org.fault = ({ path }) => (path.endsWith('/appLinks') ? refusal(403, 'E0000006') : undefined);
    const { bus, once } = await stage(org);
    const summary = await once();
    expect(summary.error?.code).toBe('okta-forbidden');
    expect((await sweepsOf(bus, 'applinks')).at(-1)).toMatchObject({ state: 'forbidden', read: 0, completed: null });
    expect((await sweepsOf(bus, 'factors')).at(-1)).toMatchObject({ state: 'ok', read: 2 });
    expect((await progressOf(bus, 'okta.user-snapshots')).at(-1)).toMatchObject({ state: 'ok' });
  });

  it('are swept again by each single pass, whatever the pace: it is to say how things are now', async () => {
    const org = createModelOrg({ users: people(3), policies: [{ id: 'p1', rules: [] }] });
    const scene = await stage(org);
    await scene.once({ user_sample_cap: 2 });
    scene.now = '2026-11-24T12:05:00.000Z';
    expect((await scene.once({ user_sample_cap: 2 })).fetched).toMatchObject({ users: 3, factors: 2, policies: 1 });
    scene.now = '2026-11-24T13:01:00.000Z';
    // The sample is read anew although the factors of the third user were never read.
    expect((await scene.once({ user_sample_cap: 2 })).fetched).toMatchObject({ users: 3, factors: 2, policies: 1 });
    const runs = (await recordsOf(scene.bus, 'kriver.runs')).map(({ value }) => value);
    expect(new Set(runs.map(({ id }) => id)).size).toBe(runs.length);
    expect(runs.at(-1)).toMatchObject({ trigger: 'sweep', started: '2026-11-24T13:01:00.000Z' });
  });

  it('get the progress of a minute when the minute is over, and that of the last at the end of the sweep', async () => {
    const org = createModelOrg({ users: people(60), usersPerPage: 10 });
    const scene = await stage(org);
    const clock = createSteppingClock(() => scene.server.busy());
    const stop = new AbortController();
    org.fault = ({ path }, ordinal) => {
      // Each page takes Okta 25 seconds.
      if (path === '/api/v1/users')
        scene.now = new Date(Date.parse('2026-11-24T12:00:05.000Z') + ordinal * 25_000).toISOString();
      if (path === '/api/v1/logs' && ordinal > 3) stop.abort();
      return undefined;
    };
    await scene.once({}, { until: 'stopped', clock, signal: stop.signal });
    const marks = (await progressOf(scene.bus, 'okta.user-snapshots')).map(({ asOf }) => asOf);
    expect([...new Set(marks)]).toEqual([
      '2026-11-24T12:00:55.000Z',
      '2026-11-24T12:01:45.000Z',
      '2026-11-24T12:02:35.000Z',
    ]);
    const records = await recordsOf(scene.bus, 'okta.user-snapshots');
    expect(records.findIndex(({ key }) => key === `${name}/progress`)).toBe(22);
  });

  it('get one progress record a single pass, at its end', async () => {
    const { bus, once } = await stage(createModelOrg({ users: people(60), usersPerPage: 10 }));
    await once();
    const records = await recordsOf(bus, 'okta.user-snapshots');
    expect(records.map(({ key }, at) => (key === `${name}/progress` ? at : -1)).filter((at) => at >= 0)).toEqual([
      records.length - 1,
    ]);
  });
});
