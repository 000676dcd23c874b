import { afterEach, beforeEach, expect, test } from 'vitest';
import type { OutgoingRecord } from '../../runtime/bus/bus.ts';
import { createDirectory, type OpenedLmdb, openLmdb } from './lmdb-directory.ts';

const topics = [
  { name: 'events', retention: { cleanup: 'delete', days: 14 } },
  { name: 'snapshots', retention: { cleanup: 'compact', days: 14 } },
] as const;
const dayMs = 86_400_000;

let opened: OpenedLmdb;
let directory: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  ({ directory, remove } = await createDirectory());
  opened = await openLmdb(directory, { topics });
});
afterEach(async () => {
  await opened.close();
  await remove();
});

const partition = 1;
const recordOf = (topic: string, key: string, value: string): OutgoingRecord => ({
  topic,
  org: 'acme',
  key,
  value: Buffer.from(value),
});
const purgeAll = async (): Promise<number> => {
  let removed = 0;
  for (;;) {
    const step = await opened.bus.purge(opened.clock.now());
    removed += step.removed;
    if (!step.more) return removed;
  }
};
const readAll = async (topic: string) => {
  const all: string[] = [];
  for await (const records of opened.bus.read(topic, partition, 0))
    for (const { offset, key, value } of records) all.push(`${offset} ${key} ${value}`);
  return all;
};
const firstBatch = async (topic: string, from: number) => {
  const stop = new AbortController();
  for await (const assignment of opened.bus.consume({ topic, group: 'g', signal: stop.signal })) {
    if (assignment.partition !== partition) continue;
    for await (const batch of assignment.batches({ from })) {
      stop.abort();
      return batch;
    }
  }
  throw new Error('no batch came');
};

test('records of a topic with an age go when they are older, and offsets go on', async () => {
  for (let day = 0; day < 20; day += 1) {
    await opened.bus.publish([recordOf('events', 'acme', `day ${day}`)]);
    opened.clock.advance(dayMs);
  }
  expect(await purgeAll()).toBe(6);
  expect((await readAll('events'))[0]).toBe('6 acme day 6');
  expect(await opened.bus.endOffset('events', partition)).toBe(20);

  opened.clock.advance(20 * dayMs);
  expect(await purgeAll()).toBe(14);
  expect(await readAll('events')).toEqual([]);
  await opened.bus.publish([recordOf('events', 'acme', 'later')]);
  expect(await readAll('events')).toEqual(['20 acme later']);
});

test('a consumer that wants what retention removed starts at the oldest record kept and warns', async () => {
  for (let day = 0; day < 20; day += 1) {
    await opened.bus.publish([recordOf('events', 'acme', `day ${day}`)]);
    opened.clock.advance(dayMs);
  }
  await purgeAll();
  expect((await firstBatch('events', 2)).records[0]?.offset).toBe(6);
  expect(opened.lines.map(({ fields }) => fields)).toContainEqual({ topic: 'events', partition, wanted: 2, first: 6 });
});

test('topics without a retention keep everything', async () => {
  await opened.bus.publish([recordOf('unknown', 'acme', 'kept')]);
  opened.clock.advance(1_000 * dayMs);
  expect(await purgeAll()).toBe(0);
  expect(await readAll('unknown')).toEqual(['0 acme kept']);
});

test('compaction keeps the newest of each key, and all that is younger than the minimum age', async () => {
  const { bus, clock } = opened;
  await bus.publish([recordOf('snapshots', 'a', 'old'), recordOf('snapshots', 'b', 'only')]);
  await bus.publish([recordOf('snapshots', 'a', 'older than the minimum age')]);
  clock.advance(15 * dayMs);
  await bus.publish([recordOf('snapshots', 'a', 'new'), recordOf('snapshots', 'b', 'new')]);
  expect(await purgeAll()).toBe(1);
  // What the topic said 14 days ago can still be folded: a and b as they were then.
  expect(await readAll('snapshots')).toEqual(['1 b only', '2 a older than the minimum age', '3 a new', '4 b new']);
  clock.advance(15 * dayMs);
  expect(await purgeAll()).toBe(2);
  expect(await readAll('snapshots')).toEqual(['3 a new', '4 b new']);
  expect((await firstBatch('snapshots', 0)).records.map(({ offset }) => offset)).toEqual([3, 4]);
  expect(opened.lines).toEqual([]);
});

test('compaction in many steps, with consumers and a restart in between, leaves what a fold of everything gives', async () => {
  const { clock } = opened;
  const newest = new Map<string, string>();
  let last = -1;
  for (let day = 0; day < 60; day += 1) {
    for (let publish = 0; publish < 8; publish += 1) {
      const records = Array.from({ length: 1 + ((day * 13 + publish * 7) % 40) }, (_, i) =>
        recordOf('snapshots', `user/${(day * 31 + publish * 17 + i * 5) % 97}`, `${day}/${publish}/${i}`),
      );
      await opened.bus.publish(records);
      for (const { key, value } of records) newest.set(key, value.toString());
      last += records.length;
    }
    clock.advance(dayMs);
    await opened.bus.purge(clock.now());
    if (day % 20 === 10) {
      await opened.close();
      opened = await openLmdb(directory, { topics, clock });
    }
  }
  await purgeAll();
  const folded = new Map<string, string>();
  const offsets: number[] = [];
  for (const line of await readAll('snapshots')) {
    const [offset = '', key = '', value = ''] = line.split(' ');
    folded.set(key, value);
    offsets.push(Number(offset));
  }
  expect(folded).toEqual(newest);
  expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
  expect(offsets.at(-1)).toBe(last);

  clock.advance(30 * dayMs);
  await purgeAll();
  expect(await readAll('snapshots')).toHaveLength(newest.size);
  expect(await opened.bus.endOffset('snapshots', partition)).toBe(last + 1);
  for (let from = 0; from <= last; from += 97) {
    const batch = await firstBatch('snapshots', from);
    expect(batch.records[0]?.offset).toBeGreaterThanOrEqual(from);
  }
});

test('one call of purge does a bounded piece of work', async () => {
  for (let i = 0; i < 100; i += 1) await opened.bus.publish([recordOf('events', 'acme', `${i}`)]);
  opened.clock.advance(30 * dayMs);
  const step = await opened.bus.purge(opened.clock.now());
  expect(step).toEqual({ removed: 16, more: true });
  expect(await purgeAll()).toBe(84);
});
