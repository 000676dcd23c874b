import fc from 'fast-check';
import { expect, test } from 'vitest';
import { spreadPartitions } from '../../runtime/bus/kafka/spread-assigner.ts';

const memberIds = fc.uniqueArray(fc.uuid(), { minLength: 1, maxLength: 9 });
const counts = fc.integer({ min: 0, max: 60 });
const upTo = (count: number) => Array.from({ length: count }, (_, partition) => partition);

test('each partition has one member, and no member has more than its share, rounded up', () => {
  fc.assert(
    fc.property(memberIds, counts, (members, count) => {
      const spread = spreadPartitions(members, upTo(count));
      expect([...spread.keys()].sort()).toEqual([...members].sort());
      expect([...spread.values()].flat().sort((a, b) => a - b)).toEqual(upTo(count));
      for (const own of spread.values()) expect(own.length).toBeLessThanOrEqual(Math.ceil(count / members.length));
    }),
  );
});

test('the order in which members and partitions are named changes nothing', () => {
  const shuffled = memberIds.chain((members) =>
    fc.tuple(fc.constant(members), fc.shuffledSubarray(members, { minLength: members.length })),
  );
  fc.assert(
    fc.property(shuffled, counts, ([members, others], count) => {
      expect(spreadPartitions(others, upTo(count).reverse())).toEqual(spreadPartitions(members, upTo(count)));
    }),
  );
});

const ownerOf = (spread: ReadonlyMap<string, readonly number[]>): ReadonlyMap<number, string> =>
  new Map([...spread].flatMap(([member, own]) => own.map((partition) => [partition, member] as const)));

const moved = (before: readonly string[], after: readonly string[], partitions: number): number => {
  const from = ownerOf(spreadPartitions(before, upTo(partitions)));
  const to = ownerOf(spreadPartitions(after, upTo(partitions)));
  return upTo(partitions).filter((partition) => from.get(partition) !== to.get(partition)).length;
};

test('few partitions move when a member comes or goes: on average less than twice what has to', () => {
  const partitions = 48;
  for (const size of [2, 3, 4, 6]) {
    let total = 0;
    for (let run = 0; run < 20; run += 1) {
      const members = Array.from({ length: size }, (_, n) => `kriver-${run}-${n}`);
      total += moved(members, [...members, `kriver-${run}-new`], partitions);
      expect(moved(members, members, partitions)).toBe(0);
    }
    expect(total / 20).toBeLessThan((2 * partitions) / (size + 1));
  }
});

test('nobody gets anything where nobody is', () => {
  expect(spreadPartitions([], upTo(3)).size).toBe(0);
});
