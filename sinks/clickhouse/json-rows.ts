import type { ClickHouseClient } from '@clickhouse/client';
import { toInsertError } from './clickhouse-error.ts';

/** The tables whose rows go in as JSON: a few thousand an hour, where `events` may have thousands a second. */
export type JsonTable =
  | 'readings'
  | 'user_snapshots'
  | 'policy_snapshots'
  | 'sweeps'
  | 'progress'
  | 'runs'
  | 'dead_letters';

export interface JsonRow {
  readonly table: JsonTable;
  readonly values: Readonly<Record<string, unknown>>;
}

/** Inserts rows, one statement a table. Resolves when all are written; rejects as `toInsertError` says. */
export const insertJsonRows = async (client: ClickHouseClient, rows: readonly JsonRow[]): Promise<void> => {
  for (const table of new Set(rows.map((row) => row.table))) {
    const values = rows.filter((row) => row.table === table).map((row) => row.values);
    try {
      await client.insert({ table, values, format: 'JSONEachRow' });
    } catch (error) {
      throw toInsertError(error, table);
    }
  }
};
