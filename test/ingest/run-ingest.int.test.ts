import pino from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { createOktaClient } from '../../ingest/okta/client.ts';
import { createDispatcher } from '../../ingest/okta/dispatcher.ts';
import { type IngestOptions, type IngestSummary, runIngest } from '../../ingest/run-ingest.ts';
import { ingestSettingsSchema } from '../../ingest/settings.ts';
import type { Bus } from '../../runtime/bus/bus.ts';
import { createMemoryBus } from '../../runtime/bus/memory-bus.ts';
import type { Clock } from '../../runtime/clock.ts';
import { AppError } from '../../runtime/errors.ts';
import { Secret } from '../../runtime/secret.ts';
import { decodeFacts } from '../../schemas/facts-header.ts';
import { toSampleRank } from '../../schemas/sample.ts';
import { createEagerClock } from './eager-clock.ts';
import { answerFrom, createModelOrg, event, type ModelOrg } from './model-org.ts';
import { type Answer, type ScriptedOkta, startScriptedOkta } from './scripted-okta.ts';
import { createSteppingClock } from './stepping-clock.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const name = 'acme';
const logger = pino({ level: 'silent' });

interface Scene {
  readonly server: ScriptedOkta;
  readonly bus: Bus;
  /** Okta's clock, as its Date header tells it. */
  now: string;
  once(settings?: object, options?: Partial<IngestOptions>): Promise<IngestSummary>;
}

/** A fresh client each run, as after a restart of the process; the bus and the org stay. */
const stage = async (org: ModelOrg, bus: Bus = createMemoryBus()): Promise<Scene> => {
  const scene = { now: '2026-11-24T12:00:30.000Z' };
  const server = await startScriptedOkta(
    (request, ordinal) => answerFrom(org, request, ordinal),
    () => new Date(scene.now).toUTCString(),
  );
  closers.push(() => server.close());
  const once = async (settings: object = {}, options: Partial<IngestOptions> = {}): Promise<IngestSummary> => {
    const clock: Clock = options.clock ?? createEagerClock();
    const dispatcher = createDispatcher({ allowLoopback: true });
    closers.push(() => dispatcher.close());
    const token = new Secret('token');
    const okta = createOktaClient({
      baseUrl: server.url,
      token,
      dispatcher,
      clock,
      random: () => 0,
      rateShare: 0.5,
      concurrency: 4,
      attempts: 2,
    });
    const source = { org: name, okta, settings: ingestSettingsSchema.parse(settings) };
    const signal = new AbortController().signal;
    const all = { orgs: [source], bus, clock, logger, until: 'caught-up' as const, signal, ...options };
    const summary = (await runIngest(all)).get(name);
    if (summary === undefined) throw new Error('no summary');
    return summary;
  };
  return Object.assign(scene, { server, bus, once });
};

interface Read {
  readonly key: string;
  readonly value: Record<string, unknown>;
  readonly text: string;
  readonly facts: string | undefined;
}

const recordsOf = async (bus: Bus, topic: string): Promise<Read[]> => {
  const all: Read[] = [];
  for await (const records of bus.read(topic, 0, 0)) {
    for (const { key, value, headers } of records) {
      const text = value.toString();
      all.push({ key, text, value: JSON.parse(text), facts: headers.facts });
    }
  }
  return all;
};

const valuesOf = async (bus: Bus, topic: string, key: string): Promise<Record<string, unknown>[]> =>
  (await recordsOf(bus, topic)).filter((record) => record.key === key).map(({ value }) => value);

const progressOf = async (bus: Bus, topic = 'okta.system-log') => valuesOf(bus, topic, `${name}/progress`);
const sweepsOf = async (bus: Bus, kind: string) =>
  valuesOf(bus, kind === 'policies' ? 'okta.policy-snapshots' : 'okta.user-snapshots', `${name}/sweep/${kind}`);
const idsOf = async (bus: Bus): Promise<string[]> =>
  (await recordsOf(bus, 'okta.system-log')).filter(({ key }) => key === name).map(({ value }) => String(value.uuid));

const refusal = (status: number, errorCode: string): Answer => ({ status, json: { errorCode, errorSummary: 'No' } });
const people = (count: number, status = 'ACTIVE') =>
  Array.from({ length: count }, (_, index) => ({ id: `${status.toLowerCase()}${index}`, status }));
const minutes = (count: number): object[] =>
  Array.from({ length: count }, (_, index) =>
    event(`e${index}`, new Date(Date.parse('2026-11-24T00:00:00.000Z') + index * 1_000).toISOString()),
  );

describe('the System Log', () => {
  it("publishes every event as Okta's own bytes with its facts, then the progress with the cursor", async () => {
    const odd = '{ "published":"2026-11-24T11:00:00.000Z", "uuid":"odd\\u0031" ,"eventType":"a.b","new":[1.0] }';
    const { bus, once } = await stage(createModelOrg({ events: [...minutes(1_200), odd] }));
    expect((await once()).fetched.events).toBe(1_201);
    const records = await recordsOf(bus, 'okta.system-log');
    const last = records.filter(({ key }) => key === name).at(-1);
    expect(last?.text).toBe(odd);
    expect(decodeFacts(last?.facts)).toMatchObject({ uuid: 'odd1', eventType: 'a.b' });
    expect(records.at(-1)).toMatchObject({
      key: `${name}/progress`,
      value: {
        asOf: '2026-11-24T12:00:30.000Z',
        spans: [{ from: '2026-11-22T12:00:30.000Z', to: '2026-11-24T12:00:30.000Z' }],
        state: 'ok',
        engine: 'idx',
        cursors: { log: expect.stringContaining('after=1201') },
      },
    });
    // The first page was full: its mark is the median, and its cursor was saved before the next page was asked for.
    const first = (await progressOf(bus))[0];
    expect(first).toMatchObject({
      asOf: '2026-11-24T00:08:19.000Z',
      cursors: { log: expect.stringContaining('after=1000') },
    });
  });

  it('goes on at the cursor after a restart, with the same bus', async () => {
    const org = createModelOrg({ events: minutes(3) });
    const { bus, server, once } = await stage(org);
    await once();
    org.events.push(event('late', '2026-11-23T00:00:00.000Z'));
    const before = server.seen.length;
    await once();
    expect(await idsOf(bus)).toEqual(['e0', 'e1', 'e2', 'late']);
    const asked = server.seen.slice(before).filter(({ path }) => path === '/api/v1/logs');
    expect(asked.map(({ search }) => search.get('after'))).toEqual(['3', '4']);
  });

  it('goes on at the cursor when the org has moved to another host', async () => {
    const org = createModelOrg({ events: minutes(3) });
    const { bus, once } = await stage(org);
    await once();
    const moved = await stage(org, bus);
    expect((await moved.once()).error).toBeUndefined();
    expect(moved.server.seen.find(({ path }) => path === '/api/v1/logs')?.search.get('after')).toBe('3');
  });

  it('does not move the cursor past events that the bus did not take', async () => {
    const inner = createMemoryBus();
    let refuse = true;
    const bus: Bus = {
      ...inner,
      publish: async (records) => {
        if (refuse && records.some(({ key }) => key === name)) throw new Error('no space');
        await inner.publish(records);
      },
    };
    const { once } = await stage(createModelOrg({ events: minutes(2) }), bus);
    await expect(once()).rejects.toThrow('no space');
    expect(await progressOf(bus)).toEqual([]);
    refuse = false;
    await once();
    expect(await idsOf(bus)).toEqual(['e0', 'e1']);
  });

  it('reads a page again when there was no space for it, and everything is there once', async () => {
    const inner = createMemoryBus();
    const refused = new Set<string>();
    const full = new AppError('disk-full', 'No space is left.', { hint: 'Free space.' });
    const bus: Bus = {
      ...inner,
      publish: async (records) => {
        const kind = records[0]?.key.replace(/active\d+/, 'U') ?? '';
        // The first append of each kind of record fails.
        if (!refused.has(kind)) {
          refused.add(kind);
          throw full;
        }
        await inner.publish(records);
      },
    };
    const org = createModelOrg({ events: minutes(2), users: people(3), policies: [{ id: 'p1', rules: [] }] });
    const scene = await stage(org, bus);
    const clock = createSteppingClock(() => scene.server.busy());
    const stop = new AbortController();
    org.fault = ({ path }, ordinal) => {
      if (path === '/api/v1/logs' && ordinal > 30) stop.abort();
      return undefined;
    };
    await scene.once({}, { until: 'stopped', clock, signal: stop.signal });
    expect(await idsOf(bus)).toEqual(['e0', 'e1']);
    const keys = (await recordsOf(bus, 'okta.user-snapshots')).map(({ key }) => key);
    for (const { id } of people(3)) {
      expect(keys.filter((key) => key === `${name}/user/${id}`)).toHaveLength(1);
      expect(keys.filter((key) => key === `${name}/user/${id}/factors`)).toHaveLength(1);
    }
    expect((await sweepsOf(bus, 'factors')).at(-1)).toMatchObject({
      read: 3,
      wanted: 3,
      completed: expect.any(String),
    });
    expect(await valuesOf(bus, 'okta.policy-snapshots', `${name}/policy/p1`)).toHaveLength(1);
  });

  it('finds the last progress when many events without one came after the committed offset', async () => {
    const org = createModelOrg({ events: minutes(5) });
    const { bus, server, once } = await stage(org);
    await once();
    const value = Buffer.from(JSON.stringify(event('x', '2026-11-24T11:00:00.000Z')));
    await bus.publish(Array.from({ length: 5_000 }, () => ({ topic: 'okta.system-log', org: name, key: name, value })));
    const before = server.seen.length;
    // The first of these runs commits an offset far beyond the progress; the second starts from there.
    for await (const assignment of bus.consume({
      topic: 'okta.system-log',
      group: 'ingest',
      signal: new AbortController().signal,
    })) {
      for await (const batch of assignment.batches()) {
        await batch.ack();
        if ((batch.records.at(-1)?.offset ?? 0) + 1 >= batch.endOffset) break;
      }
      break;
    }
    await once();
    const asked = server.seen.slice(before).filter(({ path }) => path === '/api/v1/logs');
    expect(asked[0]?.search.get('after')).toBe('5');
  });

  it('reads again from an hour before when Okta refuses the cursor', async () => {
    const org = createModelOrg({ events: minutes(3) });
    const { bus, server, once } = await stage(org);
    await once();
    org.fault = ({ search }) => (search.get('after') === '3' && refused++ === 0 ? refusal(400, 'E0000001') : undefined);
    let refused = 0;
    const before = server.seen.length;
    expect((await once()).error).toBeUndefined();
    const asked = server.seen.slice(before).filter(({ path }) => path === '/api/v1/logs');
    expect(asked[1]?.search.get('since')).toBe('2026-11-24T11:00:30.000Z');
    expect((await progressOf(bus)).at(-1)).toMatchObject({
      spans: [{ from: '2026-11-22T12:00:30.000Z', to: '2026-11-24T12:00:30.000Z' }],
    });
  });

  it('leaves a gap open when the refused cursor is older than what Okta keeps', async () => {
    const org = createModelOrg({ events: minutes(3) });
    const scene = await stage(org);
    await scene.once();
    scene.now = '2027-03-24T12:00:30.000Z';
    org.fault = ({ search }) => (search.get('after') === '3' && refused++ === 0 ? refusal(400, 'E0000001') : undefined);
    let refused = 0;
    org.events = [];
    await scene.once();
    expect((await progressOf(scene.bus)).at(-1)).toMatchObject({
      spans: [
        { from: '2026-11-22T12:00:30.000Z', to: '2026-11-24T12:00:30.000Z' },
        { from: '2026-12-24T12:00:30.000Z', to: '2027-03-24T12:00:30.000Z' },
      ],
    });
  });

  it('keeps the cursor when a page has no next link', async () => {
    const org = createModelOrg({ events: minutes(2) });
    org.fault = ({ path }, ordinal) => (path === '/api/v1/logs' && ordinal === 1 ? { json: minutes(2) } : undefined);
    const { server, once } = await stage(org);
    await once();
    const [first, second] = server.seen.filter(({ path }) => path === '/api/v1/logs');
    expect(second?.url).toBe(first?.url);
  });

  it('publishes a page once and slows down when the same cursor gives it again and again', async () => {
    const org = createModelOrg();
    const stop = new AbortController();
    const times: number[] = [];
    const scene = await stage(org);
    const clock = createSteppingClock(() => scene.server.busy());
    org.fault = ({ path, url }, ordinal) => {
      if (path !== '/api/v1/logs') return undefined;
      times.push(clock.now());
      if (ordinal === 7) stop.abort();
      return { json: minutes(2), next: ordinal === 1 ? '/api/v1/logs?after=x' : url };
    };
    await scene.once({}, { until: 'stopped', clock, signal: stop.signal });
    // Once for each of the two cursors; what came again is left out.
    expect(await idsOf(scene.bus)).toEqual(['e0', 'e1', 'e0', 'e1']);
    const waits = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(waits.at(-1)).toBeGreaterThan(4 * (waits[0] ?? 0));
    expect((await progressOf(scene.bus)).at(-1)?.asOf).toBe('2026-11-24T00:00:01.000Z');
  });

  it('sends what is no event to dead letters, notes the minute, and goes on', async () => {
    const huge = { ...event('huge', '2026-11-24T10:00:00.001Z'), blob: 'x'.repeat(1_100_000) };
    const deep = `{"uuid":"deep","published":"2026-11-24T10:30:00.000Z","eventType":"a","x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    const bad = { uuid: 'bad', published: '2026-09-31T00:00:00.000Z', eventType: 'a' };
    const events = [event('good', '2026-11-24T11:00:00.000Z'), bad, huge, deep];
    const { bus, once } = await stage(createModelOrg({ events }));
    expect((await once()).fetched.events).toBe(2);
    expect(await idsOf(bus)).toEqual(['good', 'deep']);
    const letters = (await recordsOf(bus, 'kriver.dead-letters')).map(({ value }) => value);
    expect(letters).toMatchObject([
      { origin: 'GET /api/v1/logs', minute: '2026-11-24T11:00:00.000Z', truncated: false },
      { reason: expect.stringContaining('bytes'), minute: '2026-11-24T10:01:00.000Z', truncated: true },
    ]);
    expect(Buffer.from(String(letters[0]?.bytes), 'base64').toString()).toBe(JSON.stringify(bad));
    expect((await progressOf(bus)).at(-1)?.deadLettered).toEqual([
      '2026-11-24T10:01:00.000Z',
      '2026-11-24T11:00:00.000Z',
    ]);
  });

  it('publishes nothing of a page that is no array of events', async () => {
    const org = createModelOrg();
    org.fault = ({ path }) => (path === '/api/v1/logs' ? { json: { events: minutes(1) } } : undefined);
    const { bus, once } = await stage(org);
    expect((await once()).error?.code).toBe('okta-response-invalid');
    expect(await idsOf(bus)).toEqual([]);
  });
});

describe('a source that fails', () => {
  it('freezes asOf, says why in the progress, and leaves the other sources alone', async () => {
    const org = createModelOrg({
      events: minutes(2),
      users: people(2),
      policies: [{ id: 'p1', rules: [{ id: 'r1' }] }],
    });
    const scene = await stage(org);
    await scene.once();
    scene.now = '2026-11-24T14:00:00.000Z';
    org.fault = ({ path }) => (path === '/api/v1/logs' ? refusal(503, 'E0000010') : undefined);
    const summary = await scene.once();
    expect(summary.error?.code).toBe('okta-unavailable');
    expect((await progressOf(scene.bus)).at(-1)).toMatchObject({ asOf: '2026-11-24T12:00:30.000Z', state: 'failing' });
    expect(summary.fetched).toMatchObject({ users: 2, factors: 2, policies: 1, rules: 1 });
  });

  it('with a dead token from the start, says so at the time of the refusal and with nothing read', async () => {
    const org = createModelOrg({
      fault: ({ path }) => (path.startsWith('/api') ? refusal(401, 'E0000011') : undefined),
    });
    const { bus, server, once } = await stage(org);
    expect((await once()).error?.code).toBe('okta-unauthorised');
    for (const topic of ['okta.system-log', 'okta.user-snapshots', 'okta.policy-snapshots']) {
      expect((await progressOf(bus, topic)).at(-1)).toMatchObject({
        asOf: '2026-11-24T12:00:30.000Z',
        state: 'unauthorised',
      });
    }
    // What was on its way when the first refusal came back, and no more.
    expect(server.seen.filter(({ path }) => path.startsWith('/api')).length).toBeLessThanOrEqual(3);
  });

  it('is asked once in 15 minutes while it runs, with heartbeats in between, and recovers', async () => {
    let dead = true;
    const stop = new AbortController();
    const asked: number[] = [];
    const org = createModelOrg({ users: people(1) });
    const scene = await stage(org);
    const clock = createSteppingClock(() => scene.server.busy());
    org.fault = ({ path }) => {
      if (!path.startsWith('/api')) return undefined;
      if (!dead) {
        if (path.endsWith('/logs') && polls++ > 2) stop.abort();
        return undefined;
      }
      asked.push(clock.now());
      dead = asked.length < 6;
      return refusal(401, 'E0000011');
    };
    let polls = 0;
    await scene.once({}, { until: 'stopped', clock, signal: stop.signal });
    // The sources' first requests may be on their way together; after that there is one probe at a time.
    const firstAt = asked[0] ?? 0;
    const probes = [firstAt, ...asked.filter((time) => time > firstAt)];
    expect(probes.length).toBeGreaterThanOrEqual(4);
    for (let index = 1; index < probes.length; index += 1) {
      expect((probes[index] ?? 0) - (probes[index - 1] ?? 0)).toBeGreaterThanOrEqual(15 * 60_000);
    }
    const progress = await progressOf(scene.bus);
    const frozen = progress.filter(({ state }) => state === 'unauthorised');
    expect(frozen.length).toBeGreaterThanOrEqual(45);
    expect(new Set(frozen.map(({ asOf }) => asOf))).toEqual(new Set(['2026-11-24T12:00:30.000Z']));
    expect(progress.at(-1)?.state).toBe('ok');
    expect((await sweepsOf(scene.bus, 'users')).at(-1)?.completed).not.toBeNull();
  });
});

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

describe('policies', () => {
  it('come with all pages of their rules, in one record each', async () => {
    const rules = Array.from({ length: 5 }, (_, index) => ({
      id: `r${index}`,
      status: 'ACTIVE',
      actions: { appSignOn: { access: 'ALLOW' } },
    }));
    const { bus, once } = await stage(
      createModelOrg({
        policies: [
          { id: 'p1', rules },
          { id: 'p2', rules: [] },
        ],
        rulesPerPage: 2,
      }),
    );
    expect((await once()).fetched).toMatchObject({ policies: 2, rules: 5 });
    const [policy] = await valuesOf(bus, 'okta.policy-snapshots', `${name}/policy/p1`);
    const first = { id: 'r0', access: 'ALLOW', verificationMethod: null };
    expect(policy?.rules).toMatchObject([first, ...['r1', 'r2', 'r3', 'r4'].map((id) => ({ id }))]);
    expect((await sweepsOf(bus, 'policies')).at(-1)).toMatchObject({
      wanted: 2,
      read: 2,
      completed: expect.any(String),
    });
  });

  it('whose rules were half read are not published, and are read on later', async () => {
    const policies = ['p1', 'p2', 'p3'].map((id) => ({ id, rules: [{ id: `${id}a` }, { id: `${id}b` }] }));
    const org = createModelOrg({ policies, rulesPerPage: 1 });
    org.fault = ({ path, search }) =>
      path.includes('/p2/') && search.has('after') ? refusal(503, 'E0000010') : undefined;
    const { bus, server, once } = await stage(org);
    expect((await once()).error?.code).toBe('okta-unavailable');
    const keys = async () =>
      (await recordsOf(bus, 'okta.policy-snapshots')).map(({ key }) => key).filter((key) => key.includes('/policy/'));
    expect(await keys()).toEqual([`${name}/policy/p1`]);
    org.fault = () => undefined;
    const before = server.seen.length;
    await once();
    expect(await keys()).toEqual(['p1', 'p2', 'p3'].map((id) => `${name}/policy/${id}`));
    expect(server.seen.slice(before).some(({ path }) => path.includes('/p1/'))).toBe(false);
  });
});
