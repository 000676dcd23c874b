import { describe, expect, it } from 'vitest';
import { Secret } from '../../runtime/secret.ts';
import { dateMs, failure, oktaError, setUp, token } from './scripted-client.ts';
import type { Answer } from './scripted-okta.ts';

describe('the Okta client', () => {
  it('sends the token, who it is, and gives back JSON, Date, next link and request id', async () => {
    const { server, client } = await setUp(() => ({ json: [{ id: 1 }], next: '/api/v1/users?after=2' }));
    const response = await client.get('/api/v1/users?limit=1');
    expect(response).toMatchObject({ status: 200, dateMs, json: [{ id: 1 }], requestId: 'req-1' });
    expect(response.next).toBe('/api/v1/users?after=2');
    expect(server.seen[0]?.headers).toMatchObject({
      authorization: `SSWS ${token}`,
      accept: 'application/json',
      'accept-encoding': 'gzip',
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
      message: expect.stringMatching(/^(?!.*canary).*token is empty or holds blanks/),
      hint: expect.stringContaining('kriver secret'),
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
    'http://[',
  ])('sends nothing to %s', async (target) => {
    const { server, client } = await setUp(() => ({}));
    expect((await failure(client.get(target))).code).toBe('okta-link-foreign');
    expect(server.seen).toHaveLength(0);
  });

  it('names the path that is none of the API, and only the origin of what is elsewhere', async () => {
    const { client, server } = await setUp(() => ({}));
    expect((await failure(client.get('/oauth2/v1/token'))).message).toContain(`${server.url.origin}: /oauth2/v1/token`);
    expect((await failure(client.get('https://evil.example/?a=b'))).message).toMatch(/: https:\/\/evil\.example$/);
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
    ['is not JSON', { body: '<html>' }],
    ['has no Date', { date: 'yesterday' }],
  ])('says that the answer %s', async (problem, answer) => {
    const { client } = await setUp(() => answer, { attempts: 1 });
    expect((await failure(client.get('/api/v1/users'))).message).toContain(problem);
  });

  it("knows Okta's clock from the newest Date of any answer", async () => {
    const dates = ['12:00:05', '12:00:09', '12:00:07'].map((time) => `Tue, 24 Nov 2026 ${time} GMT`);
    const { client } = await setUp(
      ({ path }, ordinal) => (path.endsWith('users') ? { date: dates[ordinal - 1] ?? '' } : { status: 500, date: '' }),
      { attempts: 1 },
    );
    expect(client.dateMs()).toBeUndefined();
    for (const newest of [5, 9, 9]) {
      await client.get('/api/v1/users');
      await failure(client.get('/api/v1/policies'));
      expect(client.dateMs()).toBe(dateMs + newest * 1_000);
    }
  });

  it('refuses an answer beyond its size', async () => {
    const { client } = await setUp(() => ({ body: `["${'x'.repeat(3_000)}"]` }), { maxBodyBytes: 2_048, attempts: 1 });
    expect((await failure(client.get('/api/v1/users'))).message).toContain('larger than 2048 bytes');
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

  it('gives up a request that is under way when the signal aborts', async () => {
    const stop = new AbortController();
    const { client } = await setUp(() => {
      stop.abort();
      return {};
    });
    await expect(client.get('/api/v1/users', { signal: stop.signal })).rejects.toMatchObject({ name: 'AbortError' });
  });
});
