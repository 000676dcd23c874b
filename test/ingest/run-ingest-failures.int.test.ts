import { describe, expect, it } from 'vitest';
import { minutes, people, progressOf, refusal, stage, sweepsOf } from './ingest-stage.ts';
import { createModelOrg } from './model-org.ts';
import { createSteppingClock } from './stepping-clock.ts';

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
