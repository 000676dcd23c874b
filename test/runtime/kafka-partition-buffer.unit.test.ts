import type { KafkaMessage } from 'kafkajs';
import { expect, test } from 'vitest';
import { createPartitionBuffer } from '../../runtime/bus/kafka/partition-buffer.ts';

const at = (offset: number, bytes = 1): KafkaMessage => ({
  offset: String(offset),
  timestamp: '0',
  attributes: 0,
  key: null,
  value: Buffer.alloc(bytes),
  headers: {},
});
const offsetsOf = (messages: readonly KafkaMessage[]) => messages.map(({ offset }) => Number(offset));

test('gives what was put in, once and in order, as much as is asked for', () => {
  const buffer = createPartitionBuffer(0);
  expect([buffer.isEmpty(), offsetsOf(buffer.take(5))]).toEqual([true, []]);
  buffer.push([at(0), at(1), at(2)], 3);
  expect(offsetsOf(buffer.take(2))).toEqual([0, 1]);
  buffer.push([at(3)], 4);
  expect(buffer.isEmpty()).toBe(false);
  expect(offsetsOf(buffer.take(5))).toEqual([2, 3]);
  expect(buffer.isEmpty()).toBe(true);
});

test('leaves out what is older than what comes next, and takes gaps', () => {
  const buffer = createPartitionBuffer(5);
  buffer.push([at(3), at(4), at(5), at(8)], 9);
  buffer.push([at(5), at(8), at(9)], 10);
  expect(offsetsOf(buffer.take(9))).toEqual([5, 8, 9]);
  expect(buffer.next()).toBe(10);
});

test('knows the newest end, which never moves back and is never before what it has', () => {
  const buffer = createPartitionBuffer(4);
  expect(buffer.end()).toBe(4);
  buffer.push([], 9);
  buffer.push([at(4)], 5);
  expect(buffer.end()).toBe(9);
  buffer.push([at(11)], 10);
  expect(buffer.end()).toBe(12);
});

test('is full from 8 MiB on, and not when enough was taken', () => {
  const buffer = createPartitionBuffer(0);
  buffer.push([at(0, 7 * 2 ** 20), at(1, 2 ** 20 - 1)], 2);
  expect(buffer.isFull()).toBe(false);
  buffer.push([at(2, 1)], 3);
  expect(buffer.isFull()).toBe(true);
  buffer.take(1);
  expect(buffer.isFull()).toBe(false);
});

test('an arrival waits for something to take, and is there at once when there is', async () => {
  const buffer = createPartitionBuffer(0);
  let arrived = 0;
  const first = buffer.arrival().then(() => {
    arrived += 1;
  });
  const second = buffer.arrival().then(() => {
    arrived += 1;
  });
  buffer.push([], 3);
  await Promise.resolve();
  expect(arrived).toBe(0);
  buffer.push([at(0)], 3);
  await Promise.all([first, second]);
  await buffer.arrival();
  buffer.take(1);
  const third = buffer.arrival();
  buffer.wake();
  await third;
  expect(buffer.isEmpty()).toBe(true);
});
