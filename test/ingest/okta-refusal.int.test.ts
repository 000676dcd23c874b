import { describe, expect, it } from 'vitest';
import { failure, limitedFor, oktaError, setUp } from './scripted-client.ts';

describe('the Okta client, when it is refused', () => {
  it('tells the challenge of a refusal that has no envelope', async () => {
    const challenge = 'DPoP error="invalid_dpop_proof"';
    const { client } = await setUp(() => ({ status: 401, body: '', headers: { 'www-authenticate': challenge } }));
    expect((await failure(client.get('/api/v1/users'))).message).toContain(`401 ${challenge}`);
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

  it('fails at once, without a wait for the rate limit, where it would be refused after it', async () => {
    const { headers } = limitedFor(24);
    const { client, clock } = await setUp(() => ({ ...oktaError(401, 'E0000011'), ...(headers && { headers }) }));
    await failure(client.get('/api/v1/users'));
    await failure(client.get('/api/v1/users'));
    expect(clock.sleeps).toEqual([]);
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

  it('does not take the public organization page for a sign that a dead token lives', async () => {
    const { client, server, clock } = await setUp(({ path }) =>
      path.startsWith('/.well-known/') ? {} : oktaError(401, 'E0000011'),
    );
    await failure(client.get('/api/v1/users'));
    await clock.sleep(15 * 60_000);
    await client.get('/.well-known/okta-organization');
    await failure(client.get('/api/v1/users'));
    expect(server.seen).toHaveLength(2);
  });

  it('does not hold a kind back for a 403 that is about one user', async () => {
    const { client, server } = await setUp(() => oktaError(403, 'E0000038'));
    await failure(client.get('/api/v1/users/1/factors'));
    await failure(client.get('/api/v1/users/2/factors'));
    expect(server.seen).toHaveLength(2);
  });
});
