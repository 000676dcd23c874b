import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openChdb } from '../../../sinks/clickhouse/client.ts';
import { chdbAvailable } from './test-database.ts';

const root = join(import.meta.dirname, '../../..');

describe.skipIf(!chdbAvailable)('the embedded engine', () => {
  let path = '';
  beforeAll(async () => {
    path = await mkdtemp(join(tmpdir(), 'kriver-chdb-'));
  });
  afterAll(() => rm(path, { recursive: true, force: true }));

  const count = async (client: Awaited<ReturnType<typeof openChdb>>) => {
    const answer = await client.query({ query: 'SELECT count() AS rows FROM kept', format: 'JSONEachRow' });
    return answer.json();
  };

  it('keeps its data when the last client is closed and another is opened', async () => {
    const first = await openChdb({ path });
    await first.command({ query: 'CREATE TABLE kept (id UInt64, text String) ENGINE = MergeTree ORDER BY id' });
    await first.insert({ table: 'kept', values: [{ id: 1, text: "é ' \\ \n" }], format: 'JSONEachRow' });
    await first.close();
    const second = await openChdb({ path });
    expect(await count(second)).toEqual([{ rows: '1' }]);
    await second.close();
  });

  it('serves several clients of one process at a time, each until it is closed', async () => {
    const [writer, reader] = [await openChdb({ path }), await openChdb({ path })];
    await writer.insert({ table: 'kept', values: [{ id: 2, text: '' }], format: 'JSONEachRow' });
    expect(await count(reader)).toEqual([{ rows: '2' }]);
    await writer.close();
    expect(await count(reader)).toEqual([{ rows: '2' }]);
    await reader.close();
  });

  it('runs the statements of one client in the order that they came in', async () => {
    const client = await openChdb({ path });
    const ended: number[] = [];
    const statements = ['SELECT sleep(0.2) FORMAT Null', 'SELECT 1 FORMAT Null', 'SELECT 2 FORMAT Null'];
    await Promise.all(statements.map((query, index) => client.command({ query }).then(() => ended.push(index))));
    expect(ended).toEqual([0, 1, 2]);
    await client.close();
  });

  it('goes on after a statement that failed', async () => {
    const client = await openChdb({ path });
    const failing = client.command({ query: 'SELECT nothing' });
    const following = count(client);
    await expect(failing).rejects.toMatchObject({ code: '47' });
    expect(await following).toEqual([{ rows: '2' }]);
    await client.close();
  });

  it('leaves no body of an insert behind, and removes those of a process that was killed', async () => {
    const bodies = join(path, 'kriver-inserts');
    await writeFile(join(bodies, '99.rows'), 'left behind');
    const client = await openChdb({ path });
    expect(existsSync(join(bodies, '99.rows'))).toBe(false);
    await client.insert({ table: 'kept', values: [{ id: 3, text: '' }], format: 'JSONEachRow' });
    await client.insert({ table: 'kept', values: [{ id: 'x' }], format: 'JSONEachRow' }).catch(() => undefined);
    expect(await readdir(bodies)).toEqual([]);
    await client.close();
  });

  it('tells a second process that the directory is in use', async () => {
    const client = await openChdb({ path });
    const program = `
      import { openChdb } from ${JSON.stringify(join(root, 'sinks/clickhouse/client.ts'))};
      openChdb({ path: ${JSON.stringify(path)} }).then(
        () => console.log('opened'),
        (error) => console.log(error.code),
      ).finally(() => process.exit(0));`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '--eval', program],
      { cwd: root },
    );
    expect(stdout.trim()).toBe('directory-in-use');
    await client.close();
  });
});
