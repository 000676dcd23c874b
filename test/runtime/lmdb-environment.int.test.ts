import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openLmdbEnvironment } from '../../runtime/lmdb-environment.ts';
import { createDirectory, createRecordingLogger, openLmdb } from './lmdb-directory.ts';

let directory: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  ({ directory, remove } = await createDirectory());
});
afterEach(() => remove());

const open = (at = directory) => openLmdbEnvironment({ directory: at, logger: createRecordingLogger().logger });

test('the directory and its files belong to this user alone', async () => {
  const environment = await open(join(directory, 'deeper'));
  expect((await stat(join(directory, 'deeper'))).mode & 0o777).toBe(0o700);
  expect((await stat(join(directory, 'deeper', 'data.mdb'))).mode & 0o777).toBe(0o600);
  await environment.close();
});

test('a second opening in the same process is refused until the first is closed', async () => {
  const environment = await open();
  await expect(open()).rejects.toMatchObject({ code: 'directory-in-use', message: expect.stringContaining(directory) });
  await environment.close();
  await environment.close();
  await (await open()).close();
});

test('a clean stop is told apart from an unclean one', async () => {
  const first = await open();
  expect(first.uncleanStop).toBe(false);
  await first.close();
  const second = await open();
  expect(second.uncleanStop).toBe(false);
  await second.close();
});

test('a path that cannot be a directory is directory-unwritable', async () => {
  await writeFile(`${directory}-file`, '');
  await expect(open(`${directory}-file/data`)).rejects.toMatchObject({ code: 'directory-unwritable' });
});

test('a file that is no database is state-invalid, and the directory is free again afterwards', async () => {
  await mkdir(directory);
  for (const content of [Buffer.alloc(65_536, 'not a database'), Buffer.from('short'), Buffer.alloc(65_536)]) {
    await writeFile(join(directory, 'data.mdb'), content);
    await expect(open()).rejects.toMatchObject({ code: 'state-invalid' });
  }
  await writeFile(join(directory, 'data.mdb'), '');
  await (await open()).close();
});

test('a write that throws leaves nothing behind and fails alone, whatever shares its transaction', async () => {
  const environment = await open();
  const table = environment.table('test');
  const results = await Promise.allSettled([
    environment.write(() => void table.put('a', Buffer.from('1'))),
    environment.write(() => {
      table.put('b', Buffer.from('2'));
      throw new Error('refused');
    }),
    environment.write(() => {
      table.put('c', Buffer.from('3'));
      return 'result';
    }),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(results[2]).toMatchObject({ value: 'result' });
  expect([...table.getKeys()]).toEqual(['a', 'c']);
  await environment.close();
});

test('closing waits for writes that are under way', async () => {
  const environment = await open();
  const table = environment.table('test');
  const writing = environment.write(() => void table.put('a', Buffer.from('1')));
  await environment.close();
  await writing;
  const again = await open();
  expect(again.table('test').getBinary('a')?.toString()).toBe('1');
  await again.close();
});

test('an org keeps its partition whatever the order, and when orgs come and go', async () => {
  const partitionsOf = async (orgs: string[]) => {
    const opened = await openLmdb(directory, { orgs });
    const numbers = orgs.map((org) => opened.bus.partitionOf(org));
    const { partitions } = opened.bus;
    await opened.close();
    return { numbers, partitions };
  };
  expect(await partitionsOf(['b', 'a'])).toEqual({ numbers: [0, 1], partitions: 2 });
  expect(await partitionsOf(['a', 'c', 'b'])).toEqual({ numbers: [1, 2, 0], partitions: 3 });
  expect(await partitionsOf(['d', 'c'])).toEqual({ numbers: [3, 2], partitions: 4 });
});

test('a record of an org that is not configured is refused before anything is written', async () => {
  const { bus, close } = await openLmdb(directory);
  const record = { topic: 't', key: 'k', value: Buffer.from('v') };
  const publishing = bus.publish([
    { ...record, org: 'acme' },
    { ...record, org: 'stranger' },
  ]);
  await expect(publishing).rejects.toMatchObject({ code: 'configuration-invalid' });
  expect(await bus.endOffset('t', bus.partitionOf('acme'))).toBe(0);
  await close();
});
