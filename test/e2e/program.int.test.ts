import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../runtime/clock.ts';
import { readingSchema } from '../../schemas/reading.ts';
import { runSchema } from '../../schemas/run.ts';
import { slugs } from '../../schemas/slugs.ts';
import { expectTruth } from './expect-truth.ts';
import { createWorkspace, type Workspace } from './in-process.ts';
import { runProgram, startProgram } from './program.ts';
import { draxisToken, type Org, oktaToken, openOrg, servedEvents } from './simulated-org.ts';

let org: Org;
beforeAll(async () => {
  org = await openOrg({ seed: 41, users: 60, eventsPerDay: 2500, historyHours: 48 });
});
afterAll(() => org.close());

const workspaces: Workspace[] = [];
afterEach(() => {
  for (const workspace of workspaces.splice(0)) workspace.remove();
});
const newWorkspace = (settings?: Readonly<Record<string, unknown>>) => {
  const workspace = createWorkspace({ log_level: 'info', ...settings });
  workspaces.push(workspace);
  return workspace;
};

const noServers = { clickhouse: { kind: 'none' } };
const run = (
  workspace: Workspace,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = org.environment,
) => runProgram(args, { directory: workspace.directory, environment });

const filesIn = (directory: string): string[] =>
  readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

/** Seven readings and `value`, `definition` and `level` beside each: what scripts may rely on. */
const expectShown = (reading: Record<string, unknown>) => {
  const { value, definition, level, ...rest } = reading;
  expect(definition).toBe('draxis');
  expect(value).toBe((rest['draxis'] as { value: unknown }).value);
  expect(level).toMatch(value === null ? /^unknown$/ : /^(green|amber|red)$/);
  return rest;
};

describe('kriver once --json', () => {
  it('prints one document with the run and seven readings, the logs elsewhere, and the tokens nowhere', async () => {
    const workspace = newWorkspace();
    const { code, out, error } = await run(workspace, ['once', '--json', '--data-dir', workspace.data]);

    expect(code, error).toBe(0);
    expect(out.trim().split('\n')).toHaveLength(1);
    const report = JSON.parse(out);
    expect(Object.keys(report).sort()).toEqual(['asOf', 'org', 'readings', 'run']);
    expect(report).toMatchObject({ org: 'acme', asOf: '2026-11-24T12:00:00.000Z' });
    expect(runSchema.parse(report.run)).toMatchObject({ trigger: 'once', error: null, rowsSkipped: 0 });
    const readings = report.readings.map((shown: Record<string, unknown>) =>
      readingSchema.strict().parse(expectShown(shown)),
    );
    expect(readings.map(({ slug }: { slug: string }) => slug)).toEqual([...slugs]);
    expectTruth(readings, org);

    // Nor does the data directory hold a token, in whatever file.
    const files = filesIn(workspace.data);
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) {
      const bytes = readFileSync(file);
      for (const token of [oktaToken, draxisToken.slice(draxisToken.indexOf('.') + 1)])
        expect(bytes.includes(token), file).toBe(false);
    }
  });
});

describe('kriver replay --json', () => {
  it('prints a document a reading, as once does, but for an assumed coverage', async () => {
    const workspace = newWorkspace();
    const file = join(workspace.directory, 'events.ndjson');
    const events = org.world.persistedAfter({ ms: 0, n: 0 }, org.clock.now(), 2000);
    writeFileSync(file, events.map(({ event }) => `${event.json()}\n`).join(''));
    const { code, out, error } = await run(workspace, ['replay', file, '--engine', 'idx', '--json'], {});

    expect(code, error).toBe(0);
    const documents = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(documents.map(({ slug }) => slug)).toEqual(
      expect.arrayContaining(slugs.filter((slug) => slug.endsWith('_24h'))),
    );
    for (const document of documents) {
      const { draxis, corrected, ...rest } = expectShown(document) as Record<string, Record<string, unknown>>;
      expect([draxis?.['coverage'], corrected?.['coverage']]).toEqual(['assumed', 'assumed']);
      readingSchema
        .strict()
        .parse({ ...rest, draxis: { ...draxis, coverage: 1 }, corrected: { ...corrected, coverage: 1 } });
    }
  });
});

/** A port of this machine that nobody listens on. */
const closedPort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

describe('exit codes', () => {
  it.each([
    ['64', 'an unknown command', ['twice'], {}, /twice/],
    ['64', 'an unknown option', ['once', '--sideways'], {}, /--sideways/],
    ['64', 'nothing to replay', ['replay'], {}, /nothing to replay/i],
    ['65', 'a file of events that is none', ['replay', 'kriver.yaml'], {}, /kriver\.yaml/],
    ['65', 'a file that is not there', ['replay', 'nowhere.ndjson'], {}, /nowhere\.ndjson/],
    ['78', 'no org', ['once'], {}, /KRIVER_OKTA_BASE_URL/],
    [
      '78',
      'a base URL of the admin console',
      ['once'],
      { KRIVER_OKTA_BASE_URL: 'https://acme-admin.okta.com' },
      /admin/,
    ],
    ['78', 'a configuration that is not there', ['once', '--config', 'other.yaml'], {}, /other\.yaml/],
    ['77', 'a token that Okta does not know', ['once'], { KRIVER_OKTA_TOKEN: '00another' }, /E0000011/],
  ])('%s: %s', async (code, _, args, environment, says) => {
    const workspace = newWorkspace(noServers);
    const base = says.source === 'KRIVER_OKTA_BASE_URL' ? {} : org.environment;
    const ended = await run(workspace, args, { ...base, ...environment });

    expect(`${ended.code}`, ended.error).toBe(code);
    expect(ended.out + ended.error).toMatch(says);
    expect(ended.error).not.toContain('This is a defect');
  });

  it('69: an Okta that cannot be reached', async () => {
    // One attempt: how long the client waits between attempts is not the matter here.
    const workspace = newWorkspace({ ...noServers, orgs: [{ name: 'acme', ingest: { request_attempts: 1 } }] });
    const url = `http://127.0.0.1:${await closedPort()}`;
    const { code, out, error } = await run(workspace, ['once'], { ...org.environment, KRIVER_OKTA_BASE_URL: url });

    expect(code, error).toBe(69);
    expect(out).toMatch(/cannot be reached|ECONNREFUSED/);
  });
});

describe('kriver run', () => {
  it('keeps its directory for itself, ends with 0 when it is interrupted, and the next start goes on from there', async () => {
    const workspace = newWorkspace();
    const start = { directory: workspace.directory, environment: org.environment };
    const args = ['--data-dir', workspace.data];
    const asked = org.requests('/api/v1/logs');
    const pages = Math.ceil(servedEvents(org).size / 1_000);
    expect(pages).toBeGreaterThan(3);
    const first = startProgram(['run', ...args], start);
    await first.until(({ out }) => slugs.every((slug) => out.includes(slug)));

    const second = await runProgram(['once', ...args], start);
    expect(second.code).toBe(75);
    expect(second.error).toMatch(/in use|another process/i);
    expect(second.error).toContain(workspace.data);

    const interruptedMs = systemClock.now();
    first.kill('SIGINT');
    const { code, error } = await first.ended;
    expect(code, error).toBe(0);
    expect(systemClock.now() - interruptedMs).toBeLessThan(10_000);

    const third = await runProgram(['once', '--json', ...args], start);
    expect(third.code, third.error).toBe(0);
    // Both together read the log once: at most the page that was under way again, and what tells that nothing follows.
    expect(org.requests('/api/v1/logs') - asked).toBeLessThanOrEqual(pages + 4);
    expectTruth(JSON.parse(third.out).readings, org);
  });
});
