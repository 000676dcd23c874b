import { expect, test } from 'vitest';
import { createVirtualClock } from '../../runtime/clock.ts';
import { createDiskGuard } from '../../runtime/disk-guard.ts';
import { createRecordingLogger } from './lmdb-directory.ts';

const create = (free: () => number) => {
  const clock = createVirtualClock(0);
  const { logger, lines } = createRecordingLogger();
  const guard = createDiskGuard({ directory: '/data', reserveBytes: 100, clock, logger, free: async () => free() });
  return { clock, guard, lines };
};
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('with space there is no wait and nothing to say', async () => {
  const { guard, lines } = create(() => 100);
  await guard.waitForSpace(new AbortController().signal);
  expect(await guard.low()).toBe(false);
  expect(lines).toEqual([]);
});

test('below the reserve it says so once, looks again every 5 s, and goes on when there is space', async () => {
  let free = 99;
  const { clock, guard, lines } = create(() => free);
  let waits = true;
  const waiting = guard.waitForSpace(new AbortController().signal).then(() => {
    waits = false;
  });
  for (let checks = 0; checks < 3; checks += 1) {
    await turn();
    expect(clock.sleepers()).toBe(1);
    clock.advance(5_000);
  }
  await turn();
  expect(waits).toBe(true);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({ fields: { directory: '/data', freeBytes: 99, reserveBytes: 100 } });

  free = 100;
  clock.advance(4_999);
  await turn();
  expect(waits).toBe(true);
  clock.advance(1);
  await waiting;
  expect(lines).toHaveLength(2);
  expect(lines[1]?.message).toContain('goes on');
});

test('the signal ends the wait', async () => {
  const { guard } = create(() => 0);
  const stop = new AbortController();
  const waiting = guard.waitForSpace(stop.signal);
  await turn();
  stop.abort();
  await waiting;
});

test('the free space of a real directory is more than nothing, and of a missing one an error', async () => {
  const { logger } = createRecordingLogger();
  const options = { reserveBytes: 1, clock: createVirtualClock(0), logger };
  expect(await createDiskGuard({ ...options, directory: '.' }).low()).toBe(false);
  expect(await createDiskGuard({ ...options, directory: '.', reserveBytes: 2 ** 60 }).low()).toBe(true);
  await expect(createDiskGuard({ ...options, directory: '/missing/here' }).low()).rejects.toMatchObject({
    code: 'directory-unwritable',
  });
});
