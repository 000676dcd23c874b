import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toPercentage } from '../../../schemas/reading.ts';
import { percentageSql } from '../../../sinks/clickhouse/percentage.ts';
import { chdbAvailable, useDatabase } from './test-database.ts';

describe.skipIf(!chdbAvailable)('a percentage in SQL', () => {
  const database = useDatabase({ migrated: false });

  it('is that of the code, for any numerator and denominator', async () => {
    const pair = fc.tuple(fc.nat(1_000_000), fc.nat(1_000_000));
    const halves = fc.nat(400).map((step) => [step, 800] as [number, number]);
    const pairs = [
      ...fc.sample(fc.oneof(pair, halves, fc.tuple(fc.nat(50), fc.nat(50))), 5_000),
      [0, 0],
      [1, 0],
      [1, 3],
    ];
    const rows = await database.rows<{ percentage: number | null }>(
      `SELECT ${percentageSql('pair.1', 'pair.2')} AS percentage
       FROM (SELECT arrayJoin(CAST({pairs:Array(Array(Int64))} AS Array(Array(Int64)))) AS list, (list[1], list[2]) AS pair)`,
      { pairs },
    );
    expect(rows.map(({ percentage }) => percentage)).toEqual(
      pairs.map(([numerator = 0, denominator = 0]) => toPercentage(numerator, denominator) ?? null),
    );
  });
});
