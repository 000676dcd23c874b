import type { Dispatcher } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { createOktaClient, type OktaClient, type OktaClientOptions } from '../../ingest/okta/client.ts';
import { createDispatcher } from '../../ingest/okta/dispatcher.ts';
import type { AppError } from '../../runtime/errors.ts';
import { Secret } from '../../runtime/secret.ts';
import { createEagerClock, type EagerClock } from './eager-clock.ts';
import { type Answer, type ScriptedOkta, type Seen, startScriptedOkta } from './scripted-okta.ts';

const token = '00canaryTOKEN_-0123456789abcdefghijklmnop';
const dateText = 'Tue, 24 Nov 2026 12:00:00 GMT';
const dateMs = Date.parse(dateText);
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const setUp = async (
  script: (request: Seen, ordinal: number) => Answer | undefined,
  options: Partial<OktaClientOptions> = {},
): Promise<{ server: ScriptedOkta; client: OktaClient; clock: EagerClock; times: number[] }> => {
  const clock = createEagerClock();
  const times: number[] = [];
  const server = await startScriptedOkta((request, ordinal) => {
    times.push(clock.now());
    return script(request, ordinal);
  });
  const dispatcher: Dispatcher = createDispatcher({ allowLoopback: true });
  closers.push(
    () => dispatcher.close(),
    () => server.close(),
  );
  const client = createOktaClient({
    baseUrl: server.url,
    token: new Secret(token),
    dispatcher,
    clock,
    random: () => 0,
    rateShare: 0.5,
    concurrency: 4,
    ...options,
  });
  return { server, client, clock, times };
};

const failure = async (work: Promise<unknown>): Promise<AppError> => {
  const error = await work.then(
    () => undefined,
    (reason: AppError) => reason,
  );
  if (error === undefined) throw new Error('it succeeded');
  const shown = JSON.stringify([error.message, error.hint, error.stack, error.cause]);
  expect(shown).not.toContain(token);
  expect(shown).not.toContain('SSWS');
  return error;
};

const oktaError = (status: number, errorCode: string, errorSummary = 'It went wrong'): Answer => ({
  status,
  json: { errorCode, errorSummary, errorLink: errorCode, errorId: 'x', errorCauses: [] },
});

describe('the Okta client', () => {
  it('sends the token, who it is, and gives back JSON, Date, next link and request id', async () => {
    const { server, client } = await setUp(() => ({ json: [{ id: 1 }], next: '/api/v1/users?after=2' }));
    const response = await client.get('/api/v1/users?limit=1');
    expect(response).toMatchObject({ status: 200, dateMs, json: [{ id: 1 }], requestId: 'req-1' });
    expect(response.next).toBe('/api/v1/users?after=2');
    expect(server.seen[0]?.headers).toMatchObject({
      authorization: `SSWS ${token}`,
      accept: 'application/json',
      'user-agent': 'kriver',
    });
    expect(client.requests().get('users')).toBe(1);
  });

  it('does not show the token to the public organization page', async () => {
    const { server, client } = await setUp(() => ({ json: {} }));
    await client.get('/.well-known/okta-organization');
    expect(server.seen[0]?.headers.authorization).toBeUndefined();
  });

  it('refuses a token that is none before anything prints it', async () => {
    await expect(setUp(() => ({}), { token: new Secret(`${token}\r\nx: y`) })).rejects.toMatchObject({
      code: 'configuration-invalid',
      message: expect.not.stringContaining(token),
    });
  });

  it.each([
    'https://evil.example/api/v1/users',
    'http://127.0.0.1:1/api/v1/users',
    '//evil.example/api/v1/users',
    '/oauth2/v1/token',
    '/api/v1/../../oauth2/v1/token',
    '/api/v1/%2e%2e/%2e%2e/oauth2',
    '/api/v2/users',
  ])('sends nothing to %s', async (target) => {
    const { server, client } = await setUp(() => ({}));
    expect((await failure(client.get(target))).code).toBe('okta-link-foreign');
    expect(server.seen).toHaveLength(0);
  });

  it.each(['a:b', 'a', ':b'])('refuses a next link with the user info %s in it', async (userInfo) => {
    const { client, server } = await setUp(() => ({
      headers: { link: `<http://${userInfo}@${server.url.host}/api/v1/users?after=1>; rel="next"` },
    }));
    expect((await failure(client.get('/api/v1/users'))).code).toBe('okta-link-foreign');
  });

  it('refuses a page whose next link leaves the org, and asks nobody else', async () => {
    const { server, client } = await setUp(() => ({
      headers: { link: '<https://evil.example/api/v1/logs?after=1>; rel="next"' },
    }));
    const error = await failure(client.get('/api/v1/logs'));
    expect(error).toMatchObject({
      code: 'okta-link-foreign',
      message: expect.stringContaining('https://evil.example'),
    });
    expect(server.seen).toHaveLength(1);
  });

  it('takes a redirect for an error and does not follow it', async () => {
    const { server, client } = await setUp(({ path }) =>
      path === '/api/v1/users' ? { status: 302, headers: { location: '/api/v1/elsewhere' } } : {},
    );
    expect((await failure(client.get('/api/v1/users'))).code).toBe('okta-response-invalid');
    expect(server.seen).toHaveLength(1);
  });

  it('takes nothing from a body that is cut, wherever, and reads it again', async () => {
    const events = Array.from({ length: 40 }, (_, id) => ({ id, text: 'x'.repeat(200) }));
    const length = JSON.stringify(events).length;
    for (let cutAt = 1; cutAt < length; cutAt += 1_024) {
      const { client, server } = await setUp((_, ordinal) => ({ json: events, ...(ordinal === 1 ? { cutAt } : {}) }));
      expect((await client.get('/api/v1/logs')).json).toEqual(events);
      expect(server.seen).toHaveLength(2);
    }
  });

  it.each<[string, Answer]>([
    ['HTML with 200', { body: '<html>sign in</html>', headers: { 'content-type': 'text/html' } }],
    ['JSON that ends early', { body: '[{"id":1}' }],
    ['an empty body', { body: '' }],
    ['a gzip that is none', { body: 'hello', headers: { 'content-encoding': 'gzip' } }],
    ['no usable Date', { json: [], date: 'yesterday' }],
    ['500', oktaError(500, 'E0000009')],
    ['503', oktaError(503, 'E0000010')],
  ])('reads again after %s', async (_, bad) => {
    const { client, clock } = await setUp((_request, ordinal) => (ordinal <= 2 ? bad : { json: ['good'] }));
    expect((await client.get('/api/v1/users')).json).toEqual(['good']);
    expect(clock.sleeps).toEqual([500, 1_000]);
  });

  it('gives up after its number of tries, with what Okta said and the request id', async () => {
    const { client, server } = await setUp(() => oktaError(500, 'E0000009', 'Internal\u0007\nerror'));
    const error = await failure(client.get('/api/v1/users?after=secretcursor'));
    expect(error.code).toBe('okta-unavailable');
    expect(error.message).toBe('GET /api/v1/users: 500 E0000009: Internal error (request req-5)');
    expect(server.seen).toHaveLength(5);
  });

  it('says which request it repeats and how often, as the SDKs do', async () => {
    const { client, server } = await setUp((_, ordinal) => (ordinal < 3 ? oktaError(500, 'E0000009') : {}));
    await client.get('/api/v1/users');
    expect(server.seen.map(({ headers }) => [headers['x-okta-retry-for'], headers['x-okta-retry-count']])).toEqual([
      [undefined, undefined],
      ['req-1', '1'],
      ['req-1', '2'],
    ]);
  });

  it('refuses an answer beyond its size', async () => {
    const { client } = await setUp(() => ({ body: `["${'x'.repeat(3_000)}"]` }), { maxBodyBytes: 2_048, attempts: 1 });
    expect((await failure(client.get('/api/v1/users'))).message).toContain('larger than 2048 bytes');
  });

  it.each([400, 404, 501])('does not try %s again', async (status) => {
    const { client, server } = await setUp(() => oktaError(status, 'E0000001'));
    await failure(client.get('/api/v1/users'));
    expect(server.seen).toHaveLength(1);
  });

  it('waits after a 429 until Reset by the clock of Okta, plus 1 s', async () => {
    const limited: Answer = {
      ...oktaError(429, 'E0000047'),
      headers: {
        'x-rate-limit-limit': '60',
        'x-rate-limit-remaining': '0',
        'x-rate-limit-reset': String(dateMs / 1_000 + 24),
      },
    };
    const { client, times } = await setUp((_, ordinal) => (ordinal === 1 ? limited : { json: [] }));
    await client.get('/api/v1/logs', { priority: 'log' });
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(25_000);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeLessThan(27_000);
  });

  it('backs off exponentially after a 429 without headers, and does so a bounded number of times', async () => {
    const { client, times } = await setUp(() => oktaError(429, 'E0000047'));
    expect((await failure(client.get('/api/v1/logs'))).code).toBe('okta-rate-limited');
    const waits = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(waits.slice(0, 4)).toEqual([500, 1_000, 2_000, 4_000]);
    expect(times).toHaveLength(10);
  });

  it('asks once in 15 minutes for the whole org after a 401, and works again when the token does', async () => {
    let dead = true;
    const { client, server, clock } = await setUp(() => (dead ? oktaError(401, 'E0000011', 'Invalid token') : {}));
    const error = await failure(client.get('/api/v1/users'));
    expect(error).toMatchObject({ code: 'okta-unauthorised', hint: expect.stringContaining('Mint a new') });
    const paths = ['/api/v1/logs', '/api/v1/policies', '/api/v1/users/1/factors'];
    for (const path of paths) expect(await failure(client.get(path))).toBe(error);
    expect(server.seen).toHaveLength(1);

    await clock.sleep(15 * 60_000);
    const probes = await Promise.all(paths.map((path) => failure(client.get(path))));
    expect(new Set(probes.map(({ code }) => code))).toEqual(new Set(['okta-unauthorised']));
    expect(server.seen).toHaveLength(2);

    dead = false;
    await clock.sleep(15 * 60_000);
    for (const path of paths) await client.get(path);
    expect(server.seen).toHaveLength(5);
  });

  it('holds back after a 403 only that kind of request', async () => {
    const { client, server, clock } = await setUp(({ path }) =>
      path.endsWith('/appLinks') ? oktaError(403, 'E0000006', 'You do not have permission') : {},
    );
    const error = await failure(client.get('/api/v1/users/1/appLinks'));
    expect(error).toMatchObject({ code: 'okta-forbidden', hint: expect.stringContaining('Read-Only Administrator') });
    await failure(client.get('/api/v1/users/2/appLinks'));
    await client.get('/api/v1/users/1/factors');
    expect(server.seen.map(({ path }) => path)).toEqual(['/api/v1/users/1/appLinks', '/api/v1/users/1/factors']);
    await clock.sleep(15 * 60_000);
    await failure(client.get('/api/v1/users/2/appLinks'));
    expect(server.seen).toHaveLength(3);
  });

  it('takes a 401 about a missing feature for a refusal of that call, not for a dead token', async () => {
    const { client, server } = await setUp(({ path }) => (path.endsWith('policies') ? oktaError(401, 'E0000015') : {}));
    expect((await failure(client.get('/api/v1/policies'))).code).toBe('okta-forbidden');
    await client.get('/api/v1/users');
    expect(server.seen).toHaveLength(2);
  });

  it('does not take a page of a captive portal for a sign that a dead token lives', async () => {
    const { client, server, clock } = await setUp(
      (_, ordinal) => (ordinal === 2 ? { body: '<html>' } : oktaError(401, 'E0000011')),
      { attempts: 1 },
    );
    await failure(client.get('/api/v1/users'));
    await clock.sleep(15 * 60_000);
    expect((await failure(client.get('/api/v1/users'))).code).toBe('okta-response-invalid');
    expect((await failure(client.get('/api/v1/users'))).code).toBe('okta-unauthorised');
    expect(server.seen).toHaveLength(2);
  });

  it('does not hold a kind back for a 403 that is about one user', async () => {
    const { client, server } = await setUp(() => oktaError(403, 'E0000038'));
    await failure(client.get('/api/v1/users/1/factors'));
    await failure(client.get('/api/v1/users/2/factors'));
    expect(server.seen).toHaveLength(2);
  });

  it('says what to do when nothing listens', async () => {
    const { client, server } = await setUp(() => ({}), { attempts: 2 });
    await server.close();
    expect(await failure(client.get('/api/v1/users'))).toMatchObject({
      code: 'okta-unreachable',
      message: 'GET /api/v1/users: no answer (ECONNREFUSED)',
    });
  });

  it('ends at once, without another request, when the signal aborts', async () => {
    const stop = new AbortController();
    const { client, server } = await setUp(() => {
      stop.abort();
      return oktaError(500, 'E0000009');
    });
    await expect(client.get('/api/v1/users', { signal: stop.signal })).rejects.toMatchObject({ name: 'AbortError' });
    expect(server.seen).toHaveLength(1);
  });
});
