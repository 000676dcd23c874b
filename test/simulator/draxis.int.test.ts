import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterEach, describe, expect, it } from 'vitest';
import { createVirtualClock } from '../../runtime/clock.ts';
import { createDraxisServer } from '../../simulator/index.ts';
import { startMs } from './read-world.ts';

const token = 'drx_pat_acme.0123456789';
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const open = async (settings: Partial<Parameters<typeof createDraxisServer>[0]> = {}) => {
  const draxis = createDraxisServer({
    token,
    knownSlugs: ['okta_a', 'okta_b'],
    clock: createVirtualClock(startMs),
    ...settings,
  });
  const { url, close } = await draxis.listen();
  closers.push(close);
  const connect = async (withToken = token) => {
    const client = new Client({ name: 'test', version: '1' });
    const requestInit = { headers: { authorization: `Bearer ${withToken}` } };
    await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }));
    closers.push(() => client.close());
    return client;
  };
  return { draxis, url, connect };
};

const push = (client: Client, input: Record<string, unknown>) =>
  client.callTool({ name: 'push_kri_value', arguments: input });

describe('the simulated Draxis endpoint', () => {
  it('records pushes in order, with their time, and lets an older time set the current value back', async () => {
    const { draxis, connect } = await open();
    const client = await connect();
    await push(client, { kri_slug: 'okta_a', value: 2, recorded_at: '2026-06-10T08:00:00.000Z', note: 'partial' });
    await push(client, { kri_slug: 'okta_a', value: 1, recorded_at: '2026-06-10T07:00:00.000Z' });
    await push(client, { kri_slug: 'okta_b', value: 3 });
    expect(draxis.pushes().map(({ slug, value, order }) => [slug, value, order])).toEqual([
      ['okta_a', 2, 1],
      ['okta_a', 1, 2],
      ['okta_b', 3, 3],
    ]);
    expect(draxis.pushes()[0]?.note).toBe('partial');
    expect(draxis.current('okta_a')?.value).toBe(1);
    expect(draxis.current('okta_b')?.timestampMs).toBe(startMs);
  });

  it('tells the names of its arguments only in the schema', async () => {
    const { draxis, connect } = await open({
      argumentNames: { slug: 'key', timestamp: 'as_of' },
      extraRequired: ['source'],
    });
    const client = await connect();
    const { tools } = await client.listTools();
    const schema = tools.find(({ name }) => name === 'push_kri_value')?.inputSchema;
    expect(Object.keys(schema?.properties ?? {})).toEqual(['key', 'value', 'as_of', 'note', 'source']);
    expect(schema?.required).toEqual(['key', 'value', 'source']);
    expect(await push(client, { kri_slug: 'okta_a', value: 1 })).toMatchObject({ isError: true });
    expect((await push(client, { key: 'okta_a', value: 1, source: 'x' })).isError).toBeFalsy();
    expect(draxis.pushes()).toHaveLength(1);
  });

  it('refuses slugs that are not wired, and other tools to a source-scoped token', async () => {
    const { draxis, connect } = await open();
    const client = await connect();
    expect(await push(client, { kri_slug: 'okta_c', value: 1 })).toMatchObject({
      isError: true,
      content: [{ text: 'KRI okta_c is not wired' }],
    });
    const listed = await client.callTool({ name: 'list_kris', arguments: {} });
    expect(JSON.stringify(listed)).toContain('scope mismatch');
    draxis.wire('okta_c');
    expect((await push(client, { kri_slug: 'okta_c', value: 1 })).isError).toBeFalsy();
    const wide = await open({ sourceScoped: false });
    expect((await (await wide.connect()).callTool({ name: 'list_kris', arguments: {} })).isError).toBeFalsy();
  });

  it('refuses a wrong token with 401', async () => {
    const { connect } = await open();
    await expect(connect('drx_pat_acme.wrong')).rejects.toThrow(/401|Unauthorized/i);
  });

  it('answers 404 for a lost session, and takes the same push in a new one', async () => {
    const { draxis, url, connect } = await open();
    const client = await connect();
    draxis.dropSessions();
    await expect(push(client, { kri_slug: 'okta_a', value: 1 })).rejects.toThrow(/404|not found/i);
    const headers = { authorization: `Bearer ${token}`, 'mcp-session-id': 'lost', 'content-type': 'application/json' };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
    expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(404);
    expect(draxis.pushes()).toHaveLength(0);
    expect((await push(await connect(), { kri_slug: 'okta_a', value: 1 })).isError).toBeFalsy();
  });

  it('fails as scripted: a status with its headers, or a recorded push whose answer is lost', async () => {
    const { draxis, connect } = await open();
    const client = await connect();
    draxis.failNext({ kind: 'status', status: 503, headers: { 'Retry-After': '7' } }, { kind: 'lostAnswer' });
    await expect(push(client, { kri_slug: 'okta_a', value: 1 })).rejects.toThrow(/503/);
    expect(draxis.pushes()).toHaveLength(0);
    await expect(push(client, { kri_slug: 'okta_a', value: 2 })).rejects.toThrow();
    expect(draxis.pushes()).toHaveLength(1);
    expect((await push(client, { kri_slug: 'okta_a', value: 3 })).isError).toBeFalsy();
  });
});
