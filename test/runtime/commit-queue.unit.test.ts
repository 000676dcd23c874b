import { constants, tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { createCommitQueue } from '../../runtime/commit-queue.ts';

const failing = (code: number) => Object.assign(new Error('the disk says no'), { code });

test('writes of one turn share a transaction, in the order of their calls, and resolve with their results', async () => {
  let transactions = 0;
  const ran: number[] = [];
  const { write } = createCommitQueue((action) => {
    transactions += 1;
    action();
  }, tmpdir());
  const results = await Promise.all([1, 2, 3].map((i) => write(() => ran.push(i))));
  expect(results).toEqual([1, 2, 3]);
  expect(ran).toEqual([1, 2, 3]);
  expect(transactions).toBe(1);
});

test('after an I/O error nothing more is written', async () => {
  let broken = true;
  let transactions = 0;
  const { write } = createCommitQueue((action) => {
    transactions += 1;
    action();
    if (broken) throw failing(constants.errno.EIO);
  }, tmpdir());
  await expect(write(() => {})).rejects.toMatchObject({ code: 'directory-unwritable' });
  broken = false;
  const results = await Promise.allSettled([write(() => {}), write(() => {})]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(transactions).toBe(1);
});

test('after a full disk the next write is tried', async () => {
  let full = true;
  const { write } = createCommitQueue((action) => {
    action();
    if (full) throw failing(constants.errno.ENOSPC);
  }, tmpdir());
  await expect(write(() => {})).rejects.toMatchObject({ code: 'disk-full' });
  full = false;
  expect(await write(() => 'written')).toBe('written');
});
