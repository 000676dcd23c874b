import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { OutgoingRecord } from '../../runtime/bus/bus.ts';
import { openLmdb } from './lmdb-directory.ts';

const volume = mkdtempSync(join(tmpdir(), 'kriver-volume-'));
const mountSmallVolume = (): string | undefined => {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', volume], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return `cannot mount a small file system here: ${error instanceof Error ? error.message : String(error)}`;
  }
};
const notMounted = mountSmallVolume();
afterAll(() => {
  if (notMounted === undefined) execFileSync('umount', ['-l', volume]);
  rmSync(volume, { recursive: true, force: true });
});

/** 64 KB that do not compress and differ for each name. */
const incompressible = (name: string): Buffer =>
  Buffer.concat(Array.from({ length: 2_048 }, (_, i) => createHash('sha256').update(`${name}/${i}`).digest()));

const page = (name: string): OutgoingRecord[] =>
  [0, 1].map((i) => ({ topic: 'events', org: 'acme', key: 'acme', value: incompressible(`${name}/${i}`) }));

test('a full disk refuses writes whole, damages nothing, and the same bus goes on once there is space', async ({
  skip,
}) => {
  if (notMounted !== undefined) return skip(notMounted);
  const directory = join(volume, 'data');
  const filler = join(volume, 'filler');
  const ballast = join(volume, 'ballast');
  writeFileSync(filler, Buffer.alloc(6 * 2 ** 20));
  writeFileSync(ballast, Buffer.alloc(2 ** 20));
  let opened = await openLmdb(directory);
  const partition = opened.bus.partitionOf('acme');
  const stored: string[] = [];

  /** Publishes several pages at once until one is refused; each of them is stored or refused as a whole. */
  const fill = async (run: string) => {
    let refused: unknown;
    for (let round = 0; refused === undefined; round += 1) {
      const names = [0, 1, 2, 3].map((i) => `${run}/${round}/${i}`);
      const results = await Promise.allSettled(names.map((name) => opened.bus.publish(page(name))));
      results.forEach((result, i) => {
        if (result.status === 'fulfilled') stored.push(names[i] ?? '');
        else refused = result.reason;
      });
    }
    expect(refused).toMatchObject({ code: 'disk-full' });
  };
  const check = async () => {
    const seen: boolean[] = [];
    const wanted = stored.flatMap((name) => page(name).map(({ value }) => value));
    for await (const records of opened.bus.read('events', partition, 0))
      for (const { value } of records) seen.push(wanted[seen.length]?.equals(value) ?? false);
    expect(seen).toHaveLength(wanted.length);
    expect(seen.every((same) => same)).toBe(true);
  };

  await fill('first');
  await check();
  const commit = {
    offset: 1,
    changes: new Map([['key', incompressible('state').toString('hex')]]),
    records: page('sum'),
  };
  await expect(opened.store.commit('sum', 0, commit)).rejects.toMatchObject({ code: 'disk-full' });
  expect(await opened.store.load('sum', 0)).toBeUndefined();
  await check();
  writeFileSync(join(volume, 'rest'), '');
  expect(() => writeFileSync(join(volume, 'rest'), Buffer.alloc(8 * 2 ** 20))).toThrow('ENOSPC');
  await expect(openLmdb(join(volume, 'other'))).rejects.toMatchObject({ code: 'disk-full' });

  rmSync(join(volume, 'rest'));
  rmSync(filler);
  await opened.store.commit('sum', 0, { ...commit, records: [] });
  await fill('second');
  expect(stored.some((name) => name.startsWith('second'))).toBe(true);
  await check();

  rmSync(ballast);
  await opened.close();
  opened = await openLmdb(directory);
  await check();
  expect((await opened.store.load('sum', 0))?.offset).toBe(1);
  await opened.close();
});
