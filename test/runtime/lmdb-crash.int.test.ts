import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { BusRecord } from '../../runtime/bus/bus.ts';
import { createDirectory, openLmdb } from './lmdb-directory.ts';

const child = fileURLToPath(new URL('./lmdb-crash-child.ts', import.meta.url));

let directory: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  ({ directory, remove } = await createDirectory());
});
afterEach(() => remove());

/** Numbers that look random and are the same at each run. */
const createNumbers = (seed: number) => () => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed / 2 ** 32;
};

const start = () =>
  spawn(process.execPath, ['--import', 'tsx', child, directory], { stdio: ['ignore', 'pipe', 'inherit'] });

/** Runs the child, kills it after so many lines, and tells the last number that it reported of each kind. */
const runUntilKilled = async (lines: number) => {
  const running = start();
  const exited = once(running, 'exit');
  const promised = new Map<string, number>();
  let wasUnclean = false;
  let seen = 0;
  for await (const line of createInterface({ input: running.stdout })) {
    const [kind = '', value = ''] = line.split(' ');
    if (kind === 'open') wasUnclean = value === 'true';
    else promised.set(kind, Number(value));
    seen += 1;
    if (seen === lines) running.kill('SIGKILL');
  }
  const [, signal] = await exited;
  expect(signal).toBe('SIGKILL');
  return { promised, wasUnclean };
};

test('whatever moment it is killed at, what was promised is there once and in order, and state and readings agree', async () => {
  const seed = 20_260_101;
  const number = createNumbers(seed);
  for (let run = 0; run < 8; run += 1) {
    const lines = 2 + Math.floor(number() * 120);
    const { promised, wasUnclean } = await runUntilKilled(lines);
    expect(wasUnclean, `seed ${seed}, run ${run}`).toBe(false);

    const opened = await openLmdb(directory, { orgs: ['acme'] });
    expect(opened.environment.uncleanStop).toBe(true);
    const read = async (topic: string) => {
      const all: BusRecord[] = [];
      for await (const records of opened.bus.read(topic, 0, 0)) all.push(...records);
      return all;
    };
    const numbers = await read('numbers');
    expect(numbers.length).toBeGreaterThan(promised.get('published') ?? 0);
    for (const [i, { offset, value }] of numbers.entries()) {
      if (offset !== i || Number.parseInt(value.toString(), 10) !== i)
        expect([offset, value.toString()]).toEqual([i, i]);
    }

    const sums = (await read('sums')).map(
      ({ value }) => JSON.parse(value.toString()) as { offset: number; sum: number },
    );
    const state = await opened.store.load('sum', 0);
    expect(state?.offset ?? -1).toBeGreaterThanOrEqual(promised.get('folded') ?? -1);
    expect(sums.at(-1)?.offset).toBe(state?.offset);
    expect(sums.at(-1)?.sum).toBe(state?.entries.get('sum'));
    expect((state?.entries.size ?? 1) - 1).toBe(sums.length);
    let last = -1;
    for (const { offset, sum } of sums) {
      expect(offset).toBeGreaterThan(last);
      expect(sum).toBe((offset * (offset + 1)) / 2);
      last = offset;
    }
    expect((await opened.bus.committed('numbers', 0, 'fold')) ?? -1).toBeLessThanOrEqual(state?.offset ?? -1);

    await opened.close();
  }
});

test('a second process is refused, and let in once the first was killed', async () => {
  const running = start();
  await once(createInterface({ input: running.stdout }), 'line');
  await expect(openLmdb(directory)).rejects.toMatchObject({
    code: 'directory-in-use',
    message: expect.stringContaining(`process ${running.pid}`),
  });
  // The first reads and writes all the while: it holds the directory between its transactions too.
  for (let tries = 0; tries < 200; tries += 1) {
    await expect(openLmdb(directory), `try ${tries}`).rejects.toMatchObject({ code: 'directory-in-use' });
  }
  const second = spawn(process.execPath, ['--import', 'tsx', child, directory], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaint = '';
  for await (const text of second.stderr) complaint += String(text);
  expect(complaint).toContain(`${directory} is in use by process ${running.pid}`);

  running.kill('SIGKILL');
  await once(running, 'exit');
  const opened = await openLmdb(directory);
  expect(await opened.bus.endOffset('numbers', 0)).toBeGreaterThan(0);
  await opened.close();
});
