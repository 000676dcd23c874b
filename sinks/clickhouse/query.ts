import type { ClickHouseClient } from '@clickhouse/client';
import { AppError } from '../../runtime/errors.ts';
import { engineCode, toText } from './clickhouse-error.ts';
import { checkSql } from './sql-guard.ts';

export interface SqlResult {
  /** One object a row, by column: 64-bit integers as text, times as ISO 8601 in UTC. */
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** True when there were more rows than may be given. */
  readonly truncated: boolean;
}

/**
 * Runs one free query, for `kriver sql`. The client must have been opened with limits (see client.ts), which makes it
 * read-only and bounds time, memory and rows; any other is refused. Throws `usage-invalid` for a statement that may not
 * run or that the engine does not understand, `clickhouse-unavailable` for a lost connection.
 */
export const runSql = async (options: {
  client: ClickHouseClient;
  sql: string;
  maxRows: number;
}): Promise<SqlResult> => {
  const { client, maxRows } = options;
  const sql = checkSql(options.sql);
  try {
    await assertReadOnly(client);
    const answer = await client.query({ query: sql, format: 'JSONEachRow' });
    const rows = await answer.json<Record<string, unknown>>();
    return { rows: rows.slice(0, maxRows), truncated: rows.length > maxRows };
  } catch (error) {
    throw toQueryError(error);
  }
};

const assertReadOnly = async (client: ClickHouseClient): Promise<void> => {
  const answer = await client.query({ query: "SELECT getSetting('readonly') AS readonly", format: 'JSONEachRow' });
  const [row] = await answer.json<{ readonly: unknown }>();
  if (Number(row?.readonly) === 1) return;
  throw new AppError('internal', 'A free query was given a client that may write.', {
    hint: 'Report this as a defect.',
  });
};

const timeoutExceeded = '159';
const memoryExceeded = '241';
/** The server lets nobody set `readonly` or the limits for a user whose profile is read-only or bounds them lower. */
const readOnlyProfile = '164';
const settingBounded = '452';

const toQueryError = (error: unknown): AppError => {
  if (error instanceof AppError) return error;
  const code = engineCode(error);
  if (code === undefined) {
    return new AppError('clickhouse-unavailable', `ClickHouse did not answer: ${toText(error)}`, {
      hint: 'Check that ClickHouse runs.',
      cause: error,
    });
  }
  if (code === settingBounded || (code === readOnlyProfile && toText(error).includes('Cannot modify'))) {
    return new AppError('configuration-invalid', `ClickHouse does not take the limits of a query: ${toText(error)}`, {
      hint: 'In the profile of sql_user leave `readonly` out, and raise its limits or lower clickhouse.sql_max_….',
      cause: error,
    });
  }
  const bounded = code === timeoutExceeded || code === memoryExceeded;
  return new AppError('usage-invalid', toText(error), {
    hint: bounded
      ? 'Ask for less (a shorter time, fewer columns), or raise clickhouse.sql_max_seconds or sql_max_memory_mb.'
      : 'Correct the statement; `SHOW TABLES` and `DESCRIBE events` say what there is.',
    cause: error,
  });
};
