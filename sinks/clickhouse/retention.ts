import type { ClickHouseClient } from '@clickhouse/client';
import { toCluster, toLocalTable } from './cluster.ts';
import { runStatement } from './migrate.ts';
import type { ClickHouseSettings } from './settings.ts';

const afterDays = (column: string, days: number): string => `toDateTime(${column}) + toIntervalDay(${days})`;

/** The TTL of each table, of `events` also that of its raw column, by the settings. */
const toRetention = (settings: ClickHouseSettings): readonly { table: string; alter: string; ttl: string }[] => {
  const ofTable = (table: string, column: string, days: number) => {
    const ttl = afterDays(column, days);
    return { table, ttl, alter: `ALTER TABLE ${table} MODIFY TTL ${ttl}` };
  };
  const raw = afterDays('published', settings.raw_ttl_days);
  return [
    ofTable('events', 'published', settings.events_ttl_days),
    { table: 'events', ttl: raw, alter: `ALTER TABLE events MODIFY COLUMN raw String CODEC(ZSTD(3)) TTL ${raw}` },
    ofTable('readings', 'as_of', settings.readings_ttl_days),
    ofTable('user_snapshots', 'observed_at', settings.snapshots_ttl_days),
    ofTable('policy_snapshots', 'observed_at', settings.snapshots_ttl_days),
    ofTable('sweeps', 'began', settings.snapshots_ttl_days),
    ofTable('progress', 'as_of', settings.snapshots_ttl_days),
    ofTable('runs', 'started', settings.runs_ttl_days),
    ofTable('dead_letters', 'at', settings.runs_ttl_days),
  ];
};

/** Gives every table the TTL of the settings; a table that has it already is left alone, since ALTER rewrites parts. */
export const applyRetention = async (client: ClickHouseClient, settings: ClickHouseSettings): Promise<void> => {
  const cluster = toCluster(settings);
  const answer = await client.query({
    query: 'SELECT name, create_table_query AS statement FROM system.tables WHERE database = currentDatabase()',
    format: 'JSONEachRow',
  });
  const statements = new Map(
    (await answer.json<{ name: string; statement: string }>()).map((row) => [row.name, row.statement]),
  );
  for (const { table, ttl, alter } of toRetention(settings)) {
    const keeper = cluster === undefined ? table : toLocalTable(table);
    if (!statements.get(keeper)?.includes(`TTL ${ttl}`)) await runStatement(client, alter, cluster);
  }
};
