import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import type { ClickHouseClient } from '@clickhouse/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../../runtime/secret.ts';
import { assertDurableInserts, connectServer, toServerOptions } from '../../../sinks/clickhouse/client.ts';
import { encodeEventRows, insertEvents } from '../../../sinks/clickhouse/events.ts';
import { insertJsonRows } from '../../../sinks/clickhouse/json-rows.ts';
import { runSql } from '../../../sinks/clickhouse/query.ts';
import { clickHouseSettingsSchema } from '../../../sinks/clickhouse/settings.ts';
import { exampleFacts } from './example-records.ts';

interface Request {
  readonly url: URL;
  readonly authorization: string;
  readonly body: Buffer;
}

describe('a ClickHouse server over HTTP', () => {
  let requests: Request[] = [];
  let answer = { status: 200, body: '' };
  let server: Server;
  let url = '';
  let client: ClickHouseClient;
  const password = new Secret('canary-password');

  beforeEach(async () => {
    requests = [];
    answer = { status: 200, body: '' };
    server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks);
      requests.push({
        url: new URL(request.url ?? '', url),
        authorization: request.headers.authorization ?? '',
        body: request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body,
      });
      response.writeHead(answer.status).end(answer.body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    client = connectServer({ url, user: 'kriver', password, database: 'kris' });
  });
  afterEach(async () => {
    await client.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const rows = encodeEventRows([{ org: 'acme', facts: exampleFacts(), raw: Buffer.from([0xff, 0x00]), offset: 1 }]);

  it('gets events as the bytes that were encoded, in an insert that waits until they are written', async () => {
    await insertEvents(client, rows);
    const [request] = requests;
    expect(request?.body).toEqual(rows);
    expect(request?.url.searchParams.get('query')).toMatch(/^INSERT INTO events \(org, .*\) FORMAT RowBinary/);
    expect(request?.url.searchParams.get('wait_for_async_insert')).toBe('1');
    expect(request?.url.searchParams.get('database')).toBe('kris');
    expect(request?.authorization).toBe(`Basic ${Buffer.from('kriver:canary-password').toString('base64')}`);
  });

  it('is asked to parse ISO times, and to give 64-bit integers as text', async () => {
    await insertJsonRows(client, [{ table: 'runs', values: { id: 'a' } }]);
    expect(requests[0]?.url.searchParams.get('date_time_input_format')).toBe('best_effort');
    expect(requests[0]?.url.searchParams.get('output_format_json_quote_64bit_integers')).toBe('1');
  });

  it.each([
    [
      'too many parts',
      500,
      'Code: 252. DB::Exception: Too many parts (300). (TOO_MANY_PARTS)',
      'clickhouse-unavailable',
    ],
    [
      'out of memory',
      500,
      'Code: 241. DB::Exception: Memory limit exceeded. (MEMORY_LIMIT_EXCEEDED)',
      'clickhouse-unavailable',
    ],
    ['overloaded in front of it', 503, 'upstream connect error', 'clickhouse-unavailable'],
    ['throttled', 429, 'slow down', 'clickhouse-unavailable'],
    [
      'a bad row',
      400,
      'Code: 27. DB::Exception: Cannot parse input (SECRET) (x). (CANNOT_PARSE_INPUT_ASSERTION_FAILED)',
      'clickhouse-refused',
    ],
    [
      'too many months at once',
      500,
      'Code: 252. DB::Exception: Too many partitions for single INSERT block (more than 100). (TOO_MANY_PARTS)',
      'clickhouse-refused',
    ],
  ])('that answers %s gives the code that decides what follows', async (_, status, body, code) => {
    answer = { status, body };
    await expect(insertEvents(client, rows)).rejects.toMatchObject({ code });
  });

  it('that is gone is unavailable, and the password is in no error', async () => {
    const gone = connectServer({ url: 'http://127.0.0.1:1', user: 'kriver', password, database: 'kris' });
    const error: unknown = await insertEvents(gone, rows).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'clickhouse-unavailable' });
    expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain('canary-password');
    await gone.close();
  });

  it('that does not quote the rows of a refusal into the message', async () => {
    answer = {
      status: 400,
      body: "Code: 27. DB::Exception: Cannot parse input before: 'ann@example.com'. (CANNOT_PARSE_INPUT_ASSERTION_FAILED)",
    };
    await expect(insertEvents(client, rows)).rejects.toThrow(/^ClickHouse refused rows for events: [A-Z_]+ \(27\)\.$/);
  });

  it('whose profile acknowledges inserts before they are written is refused', async () => {
    answer = { status: 200, body: '{"wait":false}\n' };
    await expect(assertDurableInserts(client)).rejects.toMatchObject({ code: 'configuration-invalid' });
  });

  it('gets the limits of a free query with every request', async () => {
    const limited = connectServer({
      url,
      user: 'kriver',
      password,
      database: 'kris',
      limits: { maxSeconds: 3, maxMemoryBytes: 1_000_000, maxRows: 10 },
    });
    await limited.query({ query: 'SELECT 1', format: 'JSONEachRow' });
    const parameters = requests[0]?.url.searchParams;
    expect(parameters?.get('readonly')).toBe('1');
    expect(parameters?.get('max_execution_time')).toBe('3');
    expect(parameters?.get('max_memory_usage')).toBe('1000000');
    expect(parameters?.get('max_result_rows')).toBe('11');
    await limited.close();
  });

  it('that takes no limits for its user says what to change', async () => {
    answer = {
      status: 500,
      body: "Code: 164. DB::Exception: Cannot modify 'max_execution_time' setting in readonly mode. (READONLY)",
    };
    await expect(runSql({ client, sql: 'SELECT 1', maxRows: 1 })).rejects.toMatchObject({
      code: 'configuration-invalid',
      hint: expect.stringContaining('leave `readonly` out'),
    });
  });

  it('is asked by the user for free queries where there is one, and by Kriver for all else', () => {
    const settings = clickHouseSettingsSchema.parse({
      kind: 'server',
      url,
      user: 'sinks',
      password,
      sql_user: 'analyst',
      sql_password: new Secret('other'),
    });
    const limits = { maxSeconds: 1, maxMemoryBytes: 1, maxRows: 1 };
    expect(toServerOptions(settings)).toMatchObject({ user: 'sinks', password });
    const free = toServerOptions(settings, limits);
    expect([free.user, free.password?.reveal(), free.limits]).toEqual(['analyst', 'other', limits]);
    const { sql_user, sql_password, ...without } = settings;
    expect(toServerOptions(without, limits)).toMatchObject({ user: 'sinks', password });
  });

  it('on a cluster is asked to acknowledge an insert when the shards have it', async () => {
    const spread = connectServer({ url, user: 'kriver', password, database: 'kris', cluster: 'kris' });
    await insertEvents(spread, rows);
    expect(requests[0]?.url.searchParams.get('distributed_foreground_insert')).toBe('1');
    await spread.close();
  });
});
