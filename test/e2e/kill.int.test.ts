import { mkdirSync, watch } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { OnceReport } from '../../cli/commands/once.ts';
import { slugs } from '../../schemas/slugs.ts';
import { createWorkspace, query, type Workspace } from './in-process.ts';
import { startProgram } from './program.ts';
import { type Org, openOrg, pushedTimes, servedEvents } from './simulated-org.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** When the program is killed: as the n-th request of a kind arrives, or as it writes its n-th batch to ClickHouse. */
interface Point {
  readonly title: string;
  readonly okta?: string;
  readonly draxis?: string;
  /** The push is recorded before the kill: its answer is what gets lost. */
  readonly recorded?: boolean;
  readonly insert?: boolean;
  readonly nth: number;
}

/** In this order each is still to come when the ones before it have done their worst: what is read stays read. */
const points: readonly Point[] = [
  { title: 'in the list of users', okta: '/api/v1/users', nth: 1 },
  { title: 'before a page of the log', okta: '/api/v1/logs', nth: 1 },
  { title: 'amid the pages of the log', okta: '/api/v1/logs', nth: 3 },
  { title: 'amid the rules', okta: '/api/v1/policies/{id}/rules', nth: 4 },
  { title: 'amid the factors', okta: '/api/v1/users/{id}/factors', nth: 30 },
  { title: 'amid the app links', okta: '/api/v1/users/{id}/appLinks', nth: 3 },
  { title: 'before anything is pushed', draxis: 'initialize', nth: 1 },
  { title: 'before a push', draxis: 'tools/call', nth: 3 },
  { title: 'after a push, before its answer', draxis: 'tools/call', nth: 2, recorded: true },
  { title: 'at the first write to ClickHouse', insert: true, nth: 1 },
  { title: 'amid the writes to ClickHouse', insert: true, nth: 3 },
];

/** `logs`, `users` or `policies`: what is read side by side. */
const sourceOf = (pattern: string): string => pattern.split('/')[3] ?? '';

/** An org that stands still at a moment, so that two runs see the same log, and that kills who is at its mercy. */
const openDeadlyOrg = async (seed: number) => {
  let victim: { point: Point; seen: number; kill: () => void } | undefined;
  const hit = (is: (point: Point) => boolean): boolean => {
    if (victim === undefined || !is(victim.point) || ++victim.seen < victim.point.nth) return false;
    victim.kill();
    victim = undefined;
    return true;
  };
  const org = await openOrg({
    seed,
    users: 90,
    eventsPerDay: 2000,
    historyHours: 48,
    okta: ({ pattern }) => {
      // The other sources are held up, so that what they have read by then does not depend on who was faster.
      const wanted = victim?.point.okta;
      if (wanted !== undefined && pattern.startsWith('/api/') && sourceOf(pattern) !== sourceOf(wanted))
        return { kind: 'stall' };
      return hit(({ okta }) => okta === pattern) ? { kind: 'reset' } : undefined;
    },
    draxis: (method) => {
      const recorded = victim?.point.recorded === true;
      if (!hit(({ draxis }) => draxis === method)) return undefined;
      return recorded ? { kind: 'lostAnswer' } : { kind: 'stall' };
    },
  });
  const start = (workspace: Workspace, ...command: readonly string[]) =>
    startProgram([...command, '--data-dir', workspace.data], {
      directory: workspace.directory,
      environment: org.environment,
    });
  /** Starts the program and kills it at the point; the process that is gone is returned. */
  const killAt = async (workspace: Workspace, command: string, point: Point) => {
    const bodies = join(workspace.data, 'clickhouse', 'kriver-inserts');
    mkdirSync(bodies, { recursive: true });
    const program = start(workspace, command);
    victim = { point, seen: 0, kill: () => void program.kill('SIGKILL') };
    const watcher = watch(bodies, (event, file) => {
      if (event === 'rename' && file?.endsWith('.rows') === true) hit(({ insert }) => insert === true);
    });
    const ended = await program.ended;
    watcher.close();
    victim = undefined;
    return ended;
  };
  return { org, start, killAt };
};

/** A dozen starts of the program, with its database engine: seconds where nothing else runs, but not on a busy machine. */
const timeout = 180_000;

const newWorkspace = () => {
  const workspace = createWorkspace({ log_level: 'warn' });
  closers.push(workspace.remove);
  return workspace;
};

/** The newest final readings, but for their versions, which count what was read twice. */
const contentOf = (out: string) => {
  const report = JSON.parse(out) as OnceReport;
  return report.readings.map(({ version, ...reading }) => reading);
};

const stored = async (workspace: Workspace) => {
  const readings = await query<Record<string, unknown>>(
    workspace,
    `SELECT slug, as_of, draxis_numerator, draxis_denominator, draxis_status, corrected_numerator,
       corrected_denominator, corrected_status, digest FROM readings FINAL ORDER BY slug, as_of`,
  );
  const [events] = await query<{ rows: string; ids: string }>(
    workspace,
    'SELECT count() AS rows, uniqExact(published, uuid) AS ids FROM events FINAL',
  );
  const ids = await query<{ id: string }>(
    workspace,
    "SELECT concat(toString(toUnixTimestamp64Milli(published)), '|', uuid) AS id FROM events FINAL",
  );
  return {
    readings,
    events: { rows: Number(events?.rows), ids: Number(events?.ids) },
    ids: new Set(ids.map(({ id }) => id)),
  };
};

const expectTimesNeverFall = (org: Org, from: number) => {
  for (const slug of slugs) {
    const times = pushedTimes(org, slug, from);
    expect(times, `the times pushed of ${slug}`).toEqual([...times].sort((a, b) => a - b));
  }
};

describe('a program that is killed', () => {
  it.each([
    ['once', 21],
    ['run', 22],
  ] as const)(
    'as `kriver %s` and started again has lost and doubled nothing, wherever it was (seed %i)',
    { timeout },
    async (command, seed) => {
      const { org, start, killAt } = await openDeadlyOrg(seed);
      closers.push(org.close);
      const undisturbed = newWorkspace();
      const whole = await start(undisturbed, 'once', '--json').ended;
      expect(whole.code, whole.error).toBe(0);
      const wanted = { content: contentOf(whole.out), ...(await stored(undisturbed)) };
      const pushed = slugs.map((slug) => org.draxis.current(slug)?.value);
      expect(wanted.ids).toEqual(servedEvents(org));

      const pushesBefore = org.draxis.pushes().length;

      // One after another on one directory, each taking up what the one before left behind.
      const workspace = newWorkspace();
      for (const point of points) {
        const { signal, error } = await killAt(workspace, command, point);
        expect(signal, `${point.title}: ${error}`).toBe('SIGKILL');
      }
      const { code, out, error } = await start(workspace, 'once', '--json').ended;
      expect(code, error).toBe(0);

      expect(contentOf(out)).toEqual(wanted.content);
      const found = await stored(workspace);
      expect(found.readings).toEqual(wanted.readings);
      expect(found.ids).toEqual(servedEvents(org));
      expect(found.events).toEqual({ rows: found.ids.size, ids: found.ids.size });
      expect(slugs.map((slug) => org.draxis.current(slug)?.value)).toEqual(pushed);
      expectTimesNeverFall(org, pushesBefore);
    },
  );
});
