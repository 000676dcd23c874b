import { describe, expect, it } from 'vitest';
import type { Bus } from '../../runtime/bus/bus.ts';
import { createMemoryBus } from '../../runtime/bus/memory-bus.ts';
import { AppError } from '../../runtime/errors.ts';
import { decodeFacts } from '../../schemas/facts-header.ts';
import {
  idsOf,
  minutes,
  name,
  people,
  progressOf,
  recordsOf,
  refusal,
  stage,
  sweepsOf,
  valuesOf,
} from './ingest-stage.ts';
import { createModelOrg, event } from './model-org.ts';
import { createSteppingClock } from './stepping-clock.ts';

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
