import { afterEach, describe, expect, it } from 'vitest';
import { createOktaClient } from '../../ingest/okta/client.ts';
import { createDispatcher } from '../../ingest/okta/dispatcher.ts';
import { testConnection } from '../../ingest/test-connection.ts';
import { Secret } from '../../runtime/secret.ts';
import { createEagerClock } from './eager-clock.ts';
import { answerFrom, createModelOrg, type ModelOrg } from './model-org.ts';
import { type ScriptedOkta, startScriptedOkta } from './scripted-okta.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const check = async (org: ModelOrg) => {
  const server: ScriptedOkta = await startScriptedOkta((request, ordinal) => answerFrom(org, request, ordinal));
  const dispatcher = createDispatcher({ allowLoopback: true });
  closers.push(
    () => dispatcher.close(),
    () => server.close(),
  );
  const okta = createOktaClient({
    baseUrl: server.url,
    token: new Secret('token'),
    dispatcher,
    clock: createEagerClock(),
    random: () => 0,
    rateShare: 0.5,
    concurrency: 4,
  });
  return { checks: await testConnection(okta), server };
};

const users = [{ id: 'u1', status: 'ACTIVE' }];

describe('testConnection', () => {
  it('asks what the vendor asks first, and then one of everything', async () => {
    const { checks, server } = await check(createModelOrg({ users }));
    expect(server.seen[0]?.url).toBe('/api/v1/users?limit=1');
    expect(checks.map(({ what, ok }) => [what, ok])).toEqual([
      ['connection', true],
      ['engine', true],
      ['system log', true],
      ['factors', true],
      ['app links', true],
      ['policies', true],
    ]);
    expect(checks[1]?.detail).toBe('pipeline idx');
  });

  it('tells which source is refused, and what to do', async () => {
    const fault: ModelOrg['fault'] = ({ path }) =>
      path === '/api/v1/policies' ? { status: 403, json: { errorCode: 'E0000006', errorSummary: 'No' } } : undefined;
    const { checks } = await check(createModelOrg({ users, fault }));
    expect(checks.filter(({ ok }) => !ok)).toEqual([
      {
        what: 'policies',
        ok: false,
        code: 'okta-forbidden',
        detail: expect.stringContaining('GET /api/v1/policies: 403 E0000006'),
        hint: expect.stringContaining('Read-Only Administrator'),
      },
    ]);
  });

  it('asks nothing more when the token is dead', async () => {
    const fault: ModelOrg['fault'] = () => ({
      status: 401,
      json: { errorCode: 'E0000011', errorSummary: 'Invalid token' },
    });
    const { checks, server } = await check(createModelOrg({ users, fault }));
    expect(checks).toMatchObject([
      { what: 'connection', ok: false, hint: expect.stringContaining('Mint a new token') },
    ]);
    expect(server.seen).toHaveLength(1);
  });

  it('does not take any JSON for an org', async () => {
    const { checks } = await check(createModelOrg({ fault: () => ({ json: { hello: 'world' } }) }));
    expect(checks).toMatchObject([{ what: 'connection', ok: false }]);
  });
});
