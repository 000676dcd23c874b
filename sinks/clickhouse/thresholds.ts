import type { ClickHouseClient } from '@clickhouse/client';

/** From which value on a KRI is amber (warn) or red (critical), inclusive. */
export interface Threshold {
  readonly org: string;
  readonly slug: string;
  readonly warn: number;
  readonly critical: number;
  readonly direction: 'higher-is-worse' | 'lower-is-worse';
}

const toKey = ({ org, slug }: { readonly org: string; readonly slug: string }): string => `${org}/${slug}`;

/** Levels are joined by date, so history keeps the levels of its time; the first thresholds hold for all time before. */
const always = 0;

/**
 * Brings the dated table up to the thresholds given: a KRI of an org without any gets them from the beginning of time, one whose
 * newest are different gets a row from `now` on, any other is left alone. `now` is in milliseconds since the epoch.
 */
export const applyThresholds = async (
  client: ClickHouseClient,
  thresholds: readonly Threshold[],
  now: number,
): Promise<void> => {
  const answer = await client.query({
    query: `SELECT org, slug, argMax(tuple(warn, critical, direction), valid_from) AS newest
      FROM thresholds FINAL GROUP BY org, slug`,
    format: 'JSONEachRow',
  });
  const rows = await answer.json<{ org: string; slug: string; newest: readonly [number, number, string] }>();
  const known = new Map(rows.map((row) => [toKey(row), row.newest]));
  const changed = thresholds.filter((threshold) => {
    const { warn, critical, direction } = threshold;
    const newest = known.get(toKey(threshold));
    return newest === undefined || newest[0] !== warn || newest[1] !== critical || newest[2] !== direction;
  });
  if (changed.length === 0) return;
  await client.insert({
    table: 'thresholds',
    values: changed.map((threshold) => ({
      ...threshold,
      valid_from: Math.floor((known.has(toKey(threshold)) ? now : always) / 1000),
      version: String(now),
    })),
    format: 'JSONEachRow',
  });
};
