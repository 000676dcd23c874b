import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type Answer, type Seen, startScriptedOkta } from '../ingest/scripted-okta.ts';
import { token as draxisToken, startDraxisEndpoint } from '../sinks/draxis/draxis-endpoint.ts';
import { environmentOf, linesOf, oktaToken, runCommand, useDirectory } from './command-context.ts';

const makeDirectory = useDirectory();
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** An org that lets everything be read. */
const open = ({ path }: Seen): Answer => {
  if (path === '/.well-known/okta-organization') return { json: { id: '00o', pipeline: 'idx' } };
  return { json: path === '/api/v1/users' ? [{ id: '00u1', status: 'ACTIVE' }] : [] };
};

const environmentFor = async (url: URL, more: Record<string, string> = {}): Promise<Record<string, string>> => ({
  ...environmentOf(await makeDirectory(), more),
  KRIVER_OKTA_BASE_URL: url.origin,
  KRIVER_ORG: 'acme',
  KRIVER_ALLOW_LOOPBACK: '1',
});

const start = async (script: (request: Seen) => Answer | undefined = open) => {
  const okta = await startScriptedOkta(script);
  closing.push(okta.close);
  return okta;
};

/** A port where nobody listens. */
const freePort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
};

describe('kriver test', () => {
  it('asks for one user, then for one of everything, and is content', async () => {
    const okta = await start();
    const environment = await environmentFor(okta.url);
    const ran = await runCommand(environment, 'test', { json: true });
    expect(ran).toMatchObject({ code: 0, thrown: undefined });
    expect(okta.seen[0]?.url).toBe('/api/v1/users?limit=1');
    const [report] = linesOf(ran.out) as { org: string; ok: boolean; checks: { what: string; ok: boolean }[] }[];
    expect(report).toMatchObject({ org: 'acme', ok: true });
    expect(report?.checks.map(({ what }) => what)).toEqual(
      expect.arrayContaining(['connection', 'system log', 'factors', 'app links', 'policies']),
    );
    const table = await runCommand(environment, 'test', {});
    expect(table.out).toMatch(/^connection\s+ok/m);
  });

  it.each([
    [401, 77, 'E0000011'],
    [403, 77, 'E0000006'],
    [429, 75, 'E0000047'],
  ])('ends with what a %d means to automation, %d, and says what to do', async (status, code, errorCode) => {
    const headers = { 'x-rate-limit-limit': '600', 'x-rate-limit-remaining': '0', 'x-rate-limit-reset': '0' };
    const okta = await start(() => ({ status, json: { errorCode, errorSummary: 'no' }, headers }));
    const ran = await runCommand(await environmentFor(okta.url), 'test', {});
    expect(ran.code).toBe(code);
    expect(ran.out).toMatch(/^connection\s+failed/m);
    expect(ran.out).toMatch(/^connection: \w/m);
    expect(ran.out + ran.error).not.toContain(oktaToken);
  });

  it('ends with 69 when nobody answers', async () => {
    const url = new URL(`http://127.0.0.1:${await freePort()}`);
    expect(await runCommand(await environmentFor(url), 'test', {})).toMatchObject({ code: 69 });
  });

  it('tells which right is missing, by the first check that failed', async () => {
    const okta = await start((request) =>
      request.path === '/api/v1/policies' ? { status: 403, json: { errorCode: 'E0000006' } } : open(request),
    );
    const ran = await runCommand(await environmentFor(okta.url), 'test', { json: true });
    expect(ran.code).toBe(77);
    const [report] = linesOf(ran.out) as { ok: boolean; checks: { what: string; ok: boolean; code?: string }[] }[];
    expect(report?.checks.filter(({ ok }) => !ok)).toEqual([
      expect.objectContaining({ what: 'policies', code: 'okta-forbidden' }),
    ]);
  });

  const withDraxis = (okta: URL, draxis: string, token: string) =>
    environmentFor(okta, { KRIVER_DRAXIS_URL: draxis, KRIVER_DRAXIS_TOKEN: token });

  it('connects to Draxis where that is configured, and pushes nothing', async () => {
    const endpoint = await startDraxisEndpoint();
    closing.push(endpoint.close);
    const okta = await start();
    const ran = await runCommand(await withDraxis(okta.url, endpoint.url, draxisToken), 'test', {});
    expect(ran).toMatchObject({ code: 0, out: expect.stringMatching(/^draxis\s+ok\s+takes the token; sends slug/m) });
    expect(endpoint.calls).toEqual([]);
  });

  it('ends with 77 when Draxis does not take the token', async () => {
    const endpoint = await startDraxisEndpoint();
    closing.push(endpoint.close);
    const okta = await start();
    const wrong = 'drx_pat_acme.wrong-part';
    const ran = await runCommand(await withDraxis(okta.url, endpoint.url, wrong), 'test', {});
    expect(ran).toMatchObject({ code: 77, out: expect.stringMatching(/^draxis\s+failed/m) });
    expect(ran.out + ran.error).not.toContain('wrong-part');
  });

  it('tests every org, or the one that is asked for', async () => {
    const [first, second] = [await start(), await start()];
    const {
      KRIVER_OKTA_BASE_URL: _,
      KRIVER_ORG: __,
      KRIVER_OKTA_TOKEN: ___,
      ...environment
    } = await environmentFor(first.url, { KRIVER_TEST_TOKEN: oktaToken });
    const file = join(dirname(environment['KRIVER_DATA_DIR'] ?? ''), 'kriver.yaml');
    await mkdir(dirname(file), { recursive: true });
    const org = (name: string, url: URL) =>
      `  - name: ${name}\n    base_url: ${url.origin}\n    credentials: { token_env: KRIVER_TEST_TOKEN }\n`;
    await writeFile(file, `orgs:\n${org('acme', first.url)}${org('umbrella', second.url)}`);
    const all = await runCommand({ ...environment, KRIVER_CONFIG: file }, 'test', { json: true });
    expect(all).toMatchObject({ code: 0, thrown: undefined });
    expect(linesOf(all.out)).toEqual([
      expect.objectContaining({ org: 'acme' }),
      expect.objectContaining({ org: 'umbrella' }),
    ]);
    const seen = first.seen.length;
    await runCommand({ ...environment, KRIVER_CONFIG: file }, 'test', { org: 'umbrella' });
    expect(first.seen).toHaveLength(seen);
  });
});
