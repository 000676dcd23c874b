import { afterEach, describe, expect, it } from 'vitest';
import { runStages } from '../../cli/stages.ts';
import { slugs } from '../../schemas/slugs.ts';
import type { DraxisFault, Fault } from '../../simulator/index.ts';
import { createBusyClock } from './busy-clock.ts';
import { expectTruth } from './expect-truth.ts';
import { createWorkspace, once, query, withKriver } from './in-process.ts';
import { runProgram } from './program.ts';
import { hourMs, minuteMs, type OrgOptions, openOrg, startMs } from './simulated-org.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const noServers = { clickhouse: { kind: 'none' } };

/** An org whose posture stands still, read on a clock that waits for nobody. */
const open = async (options: OrgOptions = {}, settings: Readonly<Record<string, unknown>> = noServers) => {
  const { clock, stop } = createBusyClock();
  const rates = { changesPerDay: 0 };
  const org = await openOrg({ seed: 31, users: 60, eventsPerDay: 1200, historyHours: 48, rates, clock, ...options });
  const workspace = createWorkspace(settings);
  closers.push(stop, workspace.remove, org.close);
  const surroundings = { workspace, environment: org.environment, clock };
  return { org, workspace, surroundings, pass: () => once(surroundings) };
};

const spoil = (fault: Fault, path: string, times: number, skip = 0) => ({ fault, path, times, skip });
const factors = '/api/v1/users/{id}/factors';
/** When in a minute the simulator's windows of this bucket begin. */
const usersWindowOffsetMs = 23_100;
const rules = '/api/v1/policies/{id}/rules';

describe('trouble with Okta that passes', () => {
  it.each([
    ['answers of 500', { kind: 'status', status: 500 }],
    ['answers of 503', { kind: 'status', status: 503 }],
    ['HTML in place of JSON', { kind: 'html' }],
    ['bodies that are cut', { kind: 'cut', bytes: 700 }],
    ['JSON that ends early', { kind: 'body', body: '[{"id": "00u' }],
    ['broken connections', { kind: 'reset' }],
  ] as const)('%s: is asked again, and the readings are the truth', async (_, fault) => {
    const { org, pass } = await open();
    await org.change('faults', {
      add: [
        spoil(fault, '/api/v1/logs', 2, 1),
        spoil(fault, '/api/v1/users', 1),
        spoil(fault, factors, 3, 5),
        spoil(fault, rules, 2, 1),
      ],
    });
    const { code, report } = await pass();

    expect(code).toBe(0);
    expect(report.readings.map(({ slug }) => slug)).toEqual([...slugs]);
    expectTruth(report.readings, org, org.requestTimes('/api/v1/logs').at(-1));
  });

  it('storms of 429: nothing is asked before the reset by the clock of Okta, and the readings are the truth', async () => {
    const { org, pass } = await open();
    const resetMs = startMs + 40_000;
    const headers = {
      'X-Rate-Limit-Limit': '60',
      'X-Rate-Limit-Remaining': '0',
      'X-Rate-Limit-Reset': String(resetMs / 1000),
    };
    const fault = { kind: 'status', status: 429, headers } as const;
    await org.change('faults', {
      add: [spoil(fault, '/api/v1/logs', 3), spoil(fault, '/api/v1/users', 3), spoil(fault, rules, 3)],
    });
    const { code, report } = await pass();

    expect(code).toBe(0);
    expectTruth(report.readings, org, org.requestTimes('/api/v1/logs').at(-1));
    for (const path of ['/api/v1/logs', '/api/v1/users']) {
      const [first = 0, ...later] = org.requestTimes(path);
      expect(first).toBe(startMs);
      expect(
        later.filter((atMs) => atMs < resetMs),
        path,
      ).toEqual([]);
      // The reset is past and Okta still refuses: each further attempt waits as well.
      const [second = 0, third = 0, fourth = 0] = later;
      expect(Math.min(third - second, fourth - third)).toBeGreaterThanOrEqual(1_000);
    }
  });

  it('a small rate limit: at most half of it is used in any of its windows, and the readings are the truth', async () => {
    const { org, pass } = await open({ rateLimits: { users: 20 } });
    const { code, report } = await pass();

    expect(code).toBe(0);
    expectTruth(report.readings, org, org.requestTimes('/api/v1/logs').at(-1));
    const times = ['/api/v1/users', factors, '/api/v1/users/{id}/appLinks'].flatMap(org.requestTimes);
    const windows = new Map<number, number>();
    for (const atMs of times) {
      const window = Math.floor((atMs - usersWindowOffsetMs) / minuteMs);
      windows.set(window, (windows.get(window) ?? 0) + 1);
    }
    expect(times.length).toBeGreaterThan(40);
    expect(Math.max(...windows.values())).toBeLessThanOrEqual(10);
  });
});

describe('trouble with Okta that lasts', () => {
  it('a dead token: once ends with 77, says why and what to do, and asks no more', async () => {
    const { org, pass } = await open();
    const fault = { kind: 'status', status: 401 } as const;
    await org.change('faults', { add: [{ fault, path: '/api/v1/*' }] });
    const { code, text, report } = await pass();

    expect(code).toBe(77);
    expect(text).toContain('E0000011');
    expect(text).toMatch(/token/i);
    expect(report.run.error).toContain('401');
    for (const { draxis, corrected } of report.readings) {
      expect([draxis.value, corrected.value, draxis.reason]).toEqual([null, null, 'unauthorised']);
    }
    // The three sources start side by side, so each may have asked before the first answer was there.
    const { counts } = org.okta.requests();
    const asked = Object.entries(counts).filter(([pattern]) => pattern.startsWith('/api/v1/'));
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.filter(([, times]) => times > 1)).toEqual([]);
    expect(asked.length).toBeLessThanOrEqual(3);
  });

  it('a token that dies while it runs: one request in 15 minutes, and the values stay as they were', async () => {
    const { org, surroundings } = await open();
    let aliveMs: number | undefined;
    await withKriver(surroundings, async (embedded) => {
      const stop = new AbortController();
      const running = runStages(embedded, stop.signal);
      const awaited = slugs.filter((slug) => slug !== 'okta_failed_mfa_push_24h');
      while (awaited.some((slug) => org.draxis.current(slug) === undefined)) await surroundings.clock.sleep(minuteMs);
      aliveMs = org.requestTimes('/api/v1/logs').at(-1);
      await org.change('faults', { add: [{ fault: { kind: 'status', status: 401 }, path: '/api/v1/*' }] });
      const before = org.okta.requests().total;
      await surroundings.clock.sleep(14 * minuteMs);
      const firstQuarter = org.okta.requests().total - before;
      await surroundings.clock.sleep(60 * minuteMs);
      stop.abort();
      await running;
      // The first tells that the token is dead; those already on their way are the exception.
      expect(firstQuarter).toBeGreaterThan(0);
      expect(firstQuarter).toBeLessThanOrEqual(2);
      expect(org.okta.requests().total - before - firstQuarter).toBeLessThanOrEqual(5);
    });
    const { report } = await once(surroundings);
    expect(report.readings).toHaveLength(7);
    expectTruth(report.readings, org, aliveMs);
  });

  it('a role that may not read policies costs that KRI and no other', async () => {
    const { org, pass } = await open();
    await org.change('faults', { forbid: ['/api/v1/policies'] });
    const { code, text, readingOf, report } = await pass();

    expect(code).toBe(77);
    expect(text).toContain('E0000006');
    const { draxis, corrected } = readingOf('okta_app_policy_exceptions');
    for (const score of [draxis, corrected]) {
      expect(score).toMatchObject({ status: 'unknown', reason: 'forbidden', value: null, numerator: null });
    }
    const others = report.readings.filter(({ slug }) => slug !== 'okta_app_policy_exceptions');
    expect(others).toHaveLength(6);
    expectTruth(others, org, org.requestTimes('/api/v1/logs').at(-1));
    expect(org.draxis.current('okta_app_policy_exceptions')).toBeUndefined();
    expect(org.draxis.current('okta_mfa_adoption_pct')).toBeDefined();

    await org.change('faults', { allow: ['/api/v1/policies'] });
    await org.world.options.clock.sleep(20 * minuteMs);
    const mended = await pass();
    expect(mended.code).toBe(0);
    expectTruth([mended.readingOf('okta_app_policy_exceptions')], org);
  });
});

describe('trouble elsewhere', () => {
  it('Draxis is down: the readings are stored, the exit code says so, and later the newest alone goes out', async () => {
    let isDown = true;
    const down: DraxisFault = { kind: 'status', status: 503 };
    const { org, workspace, pass } = await open({ draxis: () => (isDown ? down : undefined) }, {});
    const first = await pass();
    expect(first.code).toBe(69);
    expect(first.text).toContain('Draxis cannot be reached');
    expect(first.report.run).toMatchObject({ rowsWritten: 0 });
    expectTruth(first.report.readings, org, org.requestTimes('/api/v1/logs').at(-1));
    const [count] = await query<{ kris: string }>(workspace, 'SELECT uniqExact(slug) AS kris FROM readings FINAL');
    expect(Number(count?.kris)).toBe(7);
    expect(org.draxis.pushes()).toEqual([]);

    await org.world.options.clock.sleep(2 * hourMs);
    isDown = false;
    const second = await pass();
    expect(second.code).toBe(0);
    const newest = second.report.readings.filter(({ draxis }) => draxis.status === 'ok');
    expect(org.draxis.pushes().map(({ slug, timestampMs }) => [slug, timestampMs])).toEqual(
      newest.map(({ slug, asOf }) => [slug, Date.parse(asOf)]),
    );
  });

  it('less disk space than the reserve: nothing is read, and once says so with 74', async () => {
    const { org, pass } = await open({}, { ...noServers, disk_reserve_mb: 1e12 });
    const { code, text } = await pass();
    expect(code).toBe(74);
    expect(text).toMatch(/disk/i);
    expect(org.requestTimes('/api/v1/logs')).toEqual([]);
  });

  it('the embedded ClickHouse is not installed: all but SQL works, and what is missing is said', async () => {
    const org = await openOrg({ seed: 31, users: 40, eventsPerDay: 500, historyHours: 24 });
    const workspace = createWorkspace({ log_level: 'warn' });
    closers.push(workspace.remove, org.close);
    const hook = `export const resolve = (name, context, next) => { if (name.startsWith('chdb')) throw new Error('no chdb here'); return next(name, context); };`;
    const toUrl = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;
    const preload = toUrl(`import { register } from 'node:module'; register(${JSON.stringify(toUrl(hook))});`);
    const { code, out, error } = await runProgram(['once', '--json', '--data-dir', workspace.data], {
      directory: workspace.directory,
      environment: org.environment,
      node: ['--import', preload],
    });

    expect(code, error).toBe(0);
    expect(error).toContain('npm install chdb');
    const [report] = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expectTruth(report.readings, org);
    expect(org.draxis.current('okta_mfa_adoption_pct')).toBeDefined();
  });
});
