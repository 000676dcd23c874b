import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { serveLocalApi } from '../../cli/local-api/serve.ts';
import { createMemoryBus } from '../../runtime/bus/memory-bus.ts';
import { systemClock } from '../../runtime/clock.ts';
import { openLmdbEnvironment } from '../../runtime/lmdb-environment.ts';
import { createMemoryStateStore } from '../../runtime/memory-state-store.ts';
import { openChdb } from '../../sinks/clickhouse/client.ts';
import { chdbAvailable } from '../sinks/clickhouse/test-database.ts';
import { configOf, environmentOf, linesOf, runCommand, useDirectory } from './command-context.ts';

const makeDirectory = useDirectory();
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A process that serves its socket, with no log worth the name: SQL asks for none. */
const startRunning = async (environment: Record<string, string>): Promise<void> => {
  const config = configOf(environment);
  const bus = createMemoryBus();
  const stop = new AbortController();
  await (await import('node:fs/promises')).mkdir(config.dataDirectory, { recursive: true });
  await new Promise<void>((resolve, reject) => {
    const served = serveLocalApi({
      source: { config, clock: systemClock, bus, store: createMemoryStateStore(bus), logger: { warn: () => {} } },
      signal: stop.signal,
      onListening: () => resolve(),
    });
    served.catch(reject);
    closing.push(() => {
      stop.abort();
      return served;
    });
  });
};

describe.skipIf(!chdbAvailable)('kriver migrate', () => {
  it('names what it applied, and the next time that there was nothing to do', async () => {
    const environment = environmentOf(await makeDirectory());
    const first = await runCommand(environment, 'migrate', {});
    expect(first).toMatchObject({ code: 0, out: expect.stringMatching(/^Applied 0001 /) });
    const second = await runCommand(environment, 'migrate', {});
    expect(second).toMatchObject({ code: 0, out: 'The tables are up to date.\n' });
    const asked = await runCommand(environment, 'sql', { query: 'SELECT count() AS n FROM readings', json: true });
    expect(linesOf(asked.out)).toEqual([{ n: '0' }]);
  });

  it('ends with 75 and says who has the directory', async () => {
    const dataDirectory = await makeDirectory();
    const held = await openLmdbEnvironment({
      directory: join(dataDirectory, 'log'),
      logger: { info: () => {}, warn: () => {} },
    });
    closing.push(held.close);
    const whoever = { code: 75, thrown: { message: expect.stringContaining(`process ${process.pid}`) } };
    expect(await runCommand(environmentOf(dataDirectory), 'migrate', {})).toMatchObject(whoever);
    const served = await makeDirectory();
    await startRunning(environmentOf(served));
    expect(await runCommand(environmentOf(served), 'migrate', {})).toMatchObject(whoever);
  });
});

describe('kriver migrate without a database', () => {
  const withServer = (dataDirectory: string, clickHouse: string) => ({
    ...environmentOf(dataDirectory),
    KRIVER_CONFIG: join(dataDirectory, '..', 'kriver.yaml'),
    clickHouse,
  });

  it.each([
    ['none is configured', 'kind: none', 78],
    ['the server does not answer', 'kind: server\n  url: http://127.0.0.1:1', 69],
  ])('says so when %s', async (_, clickHouse, code) => {
    const dataDirectory = await makeDirectory();
    const { clickHouse: text, ...environment } = withServer(dataDirectory, clickHouse);
    const { writeFile } = await import('node:fs/promises');
    await writeFile(environment.KRIVER_CONFIG, `orgs:\n  - base_url: https://acme.okta.com\nclickhouse:\n  ${text}\n`);
    expect(await runCommand(environment, 'migrate', {})).toMatchObject({ code });
    expect(await runCommand(environment, 'sql', { query: 'SELECT 1' })).toMatchObject({ code });
  });
});

describe.skipIf(!chdbAvailable)('kriver sql', () => {
  it('opens the database by itself when nobody else has it', async () => {
    const environment = environmentOf(await makeDirectory());
    const query = "SELECT number AS n, 'a\tb' AS text, NULL AS none FROM numbers(2)";
    const json = await runCommand(environment, 'sql', { query, json: true });
    expect(linesOf(json.out)).toEqual([
      { n: '0', text: 'a\tb', none: null },
      { n: '1', text: 'a\tb', none: null },
    ]);
    const table = await runCommand(environment, 'sql', { query });
    expect(table.out.split('\n').slice(2, 4)).toEqual(['0  a b   —', '1  a b   —']);
    expect(await runCommand(environment, 'sql', { query: 'SELECT 1 WHERE 0' })).toMatchObject({ out: 'No rows.\n' });
  });

  it('is answered by the running process beside its writer, and cannot write', async () => {
    const environment = environmentOf(await makeDirectory());
    const writer = await openChdb({ path: join(environment['KRIVER_DATA_DIR'] ?? '', 'clickhouse') });
    closing.push(() => writer.close());
    await writer.command({ query: 'CREATE TABLE written (n UInt8) ENGINE = MergeTree ORDER BY n' });
    await writer.command({ query: 'INSERT INTO written VALUES (7)' });
    await startRunning(environment);
    const query = 'SELECT n FROM written';
    const ran = await Promise.all([1, 2, 3].map(() => runCommand(environment, 'sql', { query, json: true })));
    expect(ran.map(({ out }) => linesOf(out))).toEqual([[{ n: 7 }], [{ n: 7 }], [{ n: 7 }]]);
    expect(await runCommand(environment, 'sql', { query: 'DROP TABLE written' })).toMatchObject({
      code: 64,
      thrown: { code: 'usage-invalid' },
    });
    expect(await runCommand(environment, 'sql', { query: 'SELECT nonsense FROM written' })).toMatchObject({ code: 64 });
    expect(linesOf((await runCommand(environment, 'sql', { query, json: true })).out)).toEqual([{ n: 7 }]);
  });

  it('says on standard error when there are more rows than it may give', async () => {
    const dataDirectory = await makeDirectory();
    const environment: Record<string, string> = {
      ...environmentOf(dataDirectory),
      KRIVER_CONFIG: join(dataDirectory, '..', 'kriver.yaml'),
    };
    const { writeFile } = await import('node:fs/promises');
    await writeFile(
      environment['KRIVER_CONFIG'] ?? '',
      'orgs:\n  - base_url: https://acme.okta.com\nclickhouse:\n  sql_max_rows: 3\n',
    );
    const ran = await runCommand(environment, 'sql', { query: 'SELECT number FROM numbers(1000000)', json: true });
    expect(linesOf(ran.out)).toHaveLength(3);
    expect(ran.error).toContain('Only the first 3 rows');
  });
});
