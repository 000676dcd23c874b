import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, inject } from 'vitest';
import { connectServer, type ServerOptions } from '../../../sinks/clickhouse/client.ts';
import { sharedClickHouse } from '../../engines/shared.ts';

/** A server that is running already, for work on one test; otherwise the one of the run. */
const given = process.env['KRIVER_TEST_CLICKHOUSE_URL'];

const find = async () => {
  if (given !== undefined) return { available: true as const, url: given };
  if ((inject('enginesUrl') as string | undefined) !== undefined) return sharedClickHouse();
  return { available: false as const, reason: 'this run has no engines' };
};

export const server = await find();
export const serverUrl = server.available ? server.url : '';
if (!server.available) console.warn(`SKIPPED: no ClickHouse server: ${server.reason}`);

let databases = 0;

/** A database of its own on the server, for one test file. */
export const useServerDatabase = () => {
  databases += 1;
  const database = `kriver_test_${process.pid}_${databases}`;
  const options = (changes: Partial<ServerOptions> = {}): ServerOptions => ({
    url: serverUrl,
    user: 'default',
    database,
    ...changes,
  });
  const run = async (query: string): Promise<void> => {
    const client = connectServer(options({ database: 'default' }));
    await client.command({ query });
    await client.close();
  };
  beforeAll(() => (server.available ? run(`CREATE DATABASE ${database}`) : undefined));
  afterAll(() => (server.available ? run(`DROP DATABASE ${database}`) : undefined));
  return { options };
};

/** What becomes of one request on its way to the server. */
export type Fate = 'passes' | 'reset' | 'answer lost' | 'hangs' | { readonly status: number; readonly body: string };

/**
 * A proxy in front of the server that does to each insert what the test has in store for it, one after the other, and
 * counts how many are under way. Requests that are no inserts pass.
 */
export const startFaultyProxy = async (fates: Fate[]) => {
  const target = new URL(serverUrl);
  const counts = { inserts: 0, underWay: 0, most: 0 };
  const proxy: Server = createServer(async (request, response) => {
    const isInsert = /query=INSERT/.test(request.url ?? '');
    const fate = isInsert ? (fates.shift() ?? 'passes') : 'passes';
    if (isInsert) {
      counts.inserts += 1;
      counts.underWay += 1;
      counts.most = Math.max(counts.most, counts.underWay);
      response.once('close', () => {
        counts.underWay -= 1;
      });
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (fate === 'hangs') return;
    if (fate === 'reset') return void request.socket.resetAndDestroy();
    if (typeof fate === 'object') return void response.writeHead(fate.status).end(fate.body);
    const { 'transfer-encoding': _, ...headers } = request.headers as Record<string, string>;
    const body = Buffer.concat(chunks);
    const answer = await fetch(new URL(request.url ?? '/', target), {
      method: request.method ?? 'POST',
      headers: Object.fromEntries(
        Object.entries(headers).filter(([name]) => !/^(host|connection|content-length)$/.test(name)),
      ),
      ...(body.length === 0 ? {} : { body }),
    });
    const text = Buffer.from(await answer.arrayBuffer());
    if (fate === 'answer lost') return void request.socket.destroy();
    const code = answer.headers.get('x-clickhouse-exception-code');
    response.writeHead(answer.status, code === null ? {} : { 'x-clickhouse-exception-code': code }).end(text);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const close = async (): Promise<void> => {
    proxy.closeAllConnections();
    await new Promise((resolve) => proxy.close(resolve));
  };
  return { url, counts, close };
};
