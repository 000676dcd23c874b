import { describe, expect, it } from 'vitest';
import { hashPartition } from '../../runtime/bus/hash-partition.ts';

describe('the partition of an org', () => {
  it('is the first four bytes of its SHA-256, modulo the partitions, as any other program computes it', () => {
    // printf acme | sha256sum: 822b33ad…
    expect(hashPartition('acme', 1_000_000_007)).toBe(0x822b33ad % 1_000_000_007);
    expect(hashPartition('acme', 12)).toBe(0x822b33ad % 12);
    expect(hashPartition('acme', 1)).toBe(0);
  });

  it('spreads orgs over all partitions', () => {
    const counts = new Map<number, number>();
    for (let org = 0; org < 1_200; org += 1) {
      const partition = hashPartition(`org-${org}`, 12);
      counts.set(partition, (counts.get(partition) ?? 0) + 1);
    }

    expect([...counts.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, partition) => partition));
    expect(Math.min(...counts.values())).toBeGreaterThan(60);
  });
});
