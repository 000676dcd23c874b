import { describe, expect, it } from 'vitest';
import { longestLimitWaitMs } from '../../ingest/okta/retry.ts';
import { failure, limitedFor, oktaError, setUp } from './scripted-client.ts';
import type { Answer } from './scripted-okta.ts';

describe('the Okta client, when a request fails', () => {
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

  it('names the first request of all tries that have an id, and counts every try', async () => {
    const answers = [{ cutAt: 1 }, oktaError(500, 'E0000009'), oktaError(429, 'E0000047'), {}];
    const { client, server } = await setUp((_, ordinal) => answers[ordinal - 1]);
    await client.get('/api/v1/users');
    expect(server.seen.map(({ headers }) => [headers['x-okta-retry-for'], headers['x-okta-retry-count']])).toEqual([
      [undefined, undefined],
      [undefined, undefined],
      ['req-2', '2'],
      ['req-2', '3'],
    ]);
  });

  it('repeats no request id that is more than an id', async () => {
    const { client, server } = await setUp((_, ordinal) =>
      ordinal === 1 ? { ...oktaError(500, 'E0000009'), headers: { 'x-okta-request-id': 'one two' } } : {},
    );
    await client.get('/api/v1/users');
    expect(server.seen[1]?.headers['x-okta-retry-for']).toBeUndefined();
  });

  it('tells before each wait why and how long', async () => {
    const events: unknown[] = [];
    const answers = [oktaError(500, 'E0000009'), limitedFor(24), {}];
    const { client } = await setUp((_, ordinal) => answers[ordinal - 1], {
      onRetry: ({ error, waitMs }) => events.push([error.code, waitMs]),
    });
    await client.get('/api/v1/users');
    expect(events).toEqual([
      ['okta-unavailable', 500],
      ['okta-rate-limited', 25_000],
    ]);
  });

  it.each([
    ['a concurrency 429', 0, [longestLimitWaitMs]],
    ['another 429', 60, []],
  ])('after %s, sends at once as much as it should', async (_, limit, waits) => {
    const { client, clock } = await setUp(
      ({ path }, ordinal) => (path.endsWith('logs') && ordinal === 1 ? limitedFor(24, limit) : {}),
      { concurrency: 2 },
    );
    for (const path of ['/api/v1/users', '/api/v1/policies', '/api/v1/logs']) await client.get(path);
    const before = clock.sleeps.length;
    await Promise.all([client.get('/api/v1/users'), client.get('/api/v1/policies')]);
    expect(clock.sleeps.slice(before)).toEqual(waits);
  });

  it('tries as often as a call asks for, whatever fails', async () => {
    for (const status of [429, 500]) {
      const { client, server } = await setUp(() => oktaError(status, 'E0000009'));
      await failure(client.get('/api/v1/users', { attempts: 2 }));
      expect(server.seen).toHaveLength(2);
    }
  });

  it.each([400, 404, 501])('does not try %s again', async (status) => {
    const { client, server } = await setUp(() => oktaError(status, 'E0000001'));
    await failure(client.get('/api/v1/users'));
    expect(server.seen).toHaveLength(1);
  });

  it('waits after a 429 until Reset by the clock of Okta, plus 1 s', async () => {
    const { client, times } = await setUp((_, ordinal) => (ordinal === 1 ? limitedFor(24) : { json: [] }));
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
});
