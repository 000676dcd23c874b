import type { ClickHouseClient } from '@clickhouse/client';
import { AppError } from '../../runtime/errors.ts';
import { assertDurableInserts } from './client.ts';
import { type Cluster, toClustered } from './cluster.ts';
import { type Migration, migrations } from './migrations/index.ts';

const table = `CREATE TABLE IF NOT EXISTS kriver_migrations (
  number UInt32, name String, applied DateTime DEFAULT now()
) ENGINE = ReplacingMergeTree ORDER BY number`;

/** Runs a statement, on every server where there is a cluster. */
export const runStatement = async (
  client: ClickHouseClient,
  statement: string,
  cluster: Cluster | undefined,
): Promise<void> => {
  const statements = cluster === undefined ? [statement] : toClustered(statement, cluster);
  for (const query of statements) await client.command({ query });
};

/**
 * Brings the database up to this program's tables and views, in order, and names what was applied: nothing when it was
 * up to date. Safe to run again and by several processes at a time. A database that a newer program has migrated is refused
 * with `configuration-invalid`, since this program would not know what its columns mean.
 */
export const migrate = async (
  client: ClickHouseClient,
  { list = migrations, cluster }: { list?: readonly Migration[]; cluster?: Cluster | undefined } = {},
): Promise<readonly { number: number; name: string }[]> => {
  await assertDurableInserts(client, { clustered: cluster !== undefined });
  await runStatement(client, table, cluster);
  const answer = await client.query({ query: 'SELECT DISTINCT number FROM kriver_migrations', format: 'JSONEachRow' });
  const done = new Set((await answer.json<{ number: number }>()).map((row) => row.number));
  const newest = Math.max(0, ...done);
  const known = Math.max(0, ...list.map((migration) => migration.number));
  if (newest > known) {
    throw new AppError(
      'configuration-invalid',
      `The database is at migration ${newest}, this program knows ${known}.`,
      {
        hint: 'Run the newer version of Kriver that migrated it, or give this one another database.',
      },
    );
  }
  const applied: { number: number; name: string }[] = [];
  for (const { number, name, statements } of list) {
    if (done.has(number)) continue;
    for (const statement of statements) await runStatement(client, statement, cluster);
    await client.insert({ table: 'kriver_migrations', values: [{ number, name }], format: 'JSONEachRow' });
    applied.push({ number, name });
  }
  return applied;
};
