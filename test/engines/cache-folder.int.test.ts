import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cachedFolder } from './cache-folder.ts';

let cache: string;
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'kriver-cache-'));
});
afterEach(() => rm(cache, { recursive: true, force: true }));

const write = (text: string) => (folder: string) => writeFile(join(folder, 'file'), text);

test('a folder is filled once', async () => {
  const first = await cachedFolder(cache, 'jars', write('first'));
  const second = await cachedFolder(cache, 'jars', write('second'));
  expect(second).toBe(first);
  expect(await readFile(join(first, 'file'), 'utf8')).toBe('first');
});

test('what was filled by half is not used, and not kept', async () => {
  const fail = async (folder: string) => {
    await write('half')(folder);
    throw new Error('the network went away');
  };
  await expect(cachedFolder(cache, 'jars', fail)).rejects.toThrow('the network went away');
  expect(await readdir(cache)).toEqual([]);
});

test('two that fill a folder at once both get a whole one', async () => {
  const arrived: (() => void)[] = [];
  const together = (text: string) => async (folder: string) => {
    await write(text)(folder);
    await new Promise<void>((resolve) => {
      arrived.push(resolve);
      if (arrived.length === 2) for (const goOn of arrived) goOn();
    });
  };
  const paths = await Promise.all(['one', 'other'].map((text) => cachedFolder(cache, 'jars', together(text))));
  expect(new Set(paths).size).toBe(1);
  expect(await readFile(join(cache, 'jars', 'file'), 'utf8')).toMatch(/^(one|other)$/);
  expect(await readdir(cache)).toEqual(['jars']);
});

test('what a killed fetch left behind is removed a day later', async () => {
  const yesterday = new Date('2020-01-01');
  const abandoned = await mkdtemp(join(cache, 'unfinished-'));
  await utimes(abandoned, yesterday, yesterday);
  const underWay = await mkdtemp(join(cache, 'unfinished-'));
  await cachedFolder(cache, 'jars', write('first'));
  expect((await readdir(cache)).map((name) => join(cache, name)).toSorted()).toEqual(
    [join(cache, 'jars'), underWay].toSorted(),
  );
});
