import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toMessage } from '../../runtime/bus/kafka/message.ts';
import { type PlacedMessage, planSends } from '../../runtime/bus/kafka/plan-sends.ts';
import { splitByBytes } from '../../runtime/bus/kafka/split-by-bytes.ts';

test('runs hold everything in order, none is larger than the limit unless it is one item, and none could take the next', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(30)), fc.integer({ min: 1, max: 40 }), (items, limit) => {
      const runs = splitByBytes(items, (bytes) => bytes, limit);
      expect(runs.flat()).toEqual(items);
      const sum = (run: readonly number[]) => run.reduce((all, bytes) => all + bytes, 0);
      for (const [index, run] of runs.entries()) {
        expect(run.length).toBeGreaterThan(0);
        if (run.length > 1) expect(sum(run)).toBeLessThanOrEqual(limit);
        const next = runs[index + 1]?.[0];
        if (next !== undefined) expect(sum(run) + next).toBeGreaterThan(limit);
      }
    }),
  );
});

const placed = fc.record({
  topic: fc.constantFrom('t', 'u'),
  partition: fc.nat(3),
  size: fc.constantFrom(0, 1, 500, 449_900, 899_000, 1_500_000, 2_000_000),
});

const sizeOf = (value: Buffer | string | null) => (value === null ? 0 : value.length);

test('each partition gets its messages in their order, a batch stays under 900 kB and a request under 8 MiB', () => {
  fc.assert(
    fc.property(fc.array(placed, { maxLength: 30 }), (records) => {
      const messages: PlacedMessage[] = records.map(({ topic, partition, size }, n) => ({
        topic,
        partition,
        message: toMessage({ topic, org: 'o', key: String(n), value: Buffer.alloc(size) }, undefined),
      }));
      const requests = planSends(messages);
      const arrived = new Map<string, string[]>();
      for (const request of requests) {
        const batches = new Map<string, number[]>();
        for (const { topic, messages: sent } of request)
          for (const { partition, key, value } of sent) {
            const place = `${topic}/${partition}`;
            arrived.set(place, [...(arrived.get(place) ?? []), String(key)]);
            batches.set(place, [...(batches.get(place) ?? []), sizeOf(value)]);
          }
        expect(new Set(request.map(({ topic }) => topic)).size).toBe(request.length);
        const sums = [...batches.values()].map((sizes) => ({
          count: sizes.length,
          bytes: sizes.reduce((a, b) => a + b, 0),
        }));
        for (const { count, bytes } of sums) if (count > 1) expect(bytes).toBeLessThan(900_000);
        if (sums.length > 1) expect(sums.reduce((all, { bytes }) => all + bytes, 0)).toBeLessThan(8 * 2 ** 20);
      }
      const expected = new Map<string, string[]>();
      for (const { topic, partition, message } of messages) {
        const place = `${topic}/${partition}`;
        expected.set(place, [...(expected.get(place) ?? []), message.key]);
      }
      expect(new Map([...arrived].sort())).toEqual(new Map([...expected].sort()));
    }),
    { numRuns: 60 },
  );
});

test('partitions go side by side: the first batch of each in one request, then the second of each', () => {
  const at = (partition: number, name: string): PlacedMessage => ({
    topic: 't',
    partition,
    message: toMessage({ topic: 't', org: 'o', key: name, value: Buffer.alloc(600_000) }, undefined),
  });
  const requests = planSends([at(0, 'a1'), at(0, 'a2'), at(1, 'b1'), at(1, 'b2'), at(1, 'b3')]);
  expect(requests.map((request) => request.flatMap(({ messages }) => messages.map(({ key }) => key)))).toEqual([
    ['a1', 'b1'],
    ['a2', 'b2'],
    ['b3'],
  ]);
});
