import { AppError } from '../../runtime/errors.ts';

/**
 * What ClickHouse says of rows that it can never take. Whatever is not in here (memory, parts, a missing table, a lost
 * connection) may pass, so the same rows are offered again: a wrong guess then costs time, not data. By code, since the
 * client takes `type` from the first capitals in brackets, which may be the row's own text.
 */
const refusals: Readonly<Record<string, string>> = {
  6: 'CANNOT_PARSE_TEXT',
  25: 'CANNOT_PARSE_ESCAPE_SEQUENCE',
  26: 'CANNOT_PARSE_QUOTED_STRING',
  27: 'CANNOT_PARSE_INPUT_ASSERTION_FAILED',
  32: 'ATTEMPT_TO_READ_AFTER_EOF',
  33: 'CANNOT_READ_ALL_DATA',
  38: 'CANNOT_PARSE_DATE',
  41: 'CANNOT_PARSE_DATETIME',
  53: 'TYPE_MISMATCH',
  69: 'ARGUMENT_OUT_OF_BOUND',
  70: 'CANNOT_CONVERT_TYPE',
  72: 'CANNOT_PARSE_NUMBER',
  117: 'INCORRECT_DATA',
  128: 'TOO_LARGE_ARRAY_SIZE',
  130: 'CANNOT_READ_ARRAY_FROM_TEXT',
  131: 'TOO_LARGE_STRING_SIZE',
  321: 'VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE',
  349: 'CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN',
  376: 'CANNOT_PARSE_UUID',
  407: 'DECIMAL_OVERFLOW',
  467: 'CANNOT_PARSE_BOOL',
  469: 'VIOLATED_CONSTRAINT',
};

/** One insert may touch 100 months: the same code as too many parts, but halving the batch is what helps. */
const isTooManyPartitions = (error: unknown): boolean => toText(error).includes('Too many partitions for single');

/**
 * The code of an answer of the engine, such as 62; undefined for anything else that was thrown. Recognised by its shape:
 * the embedded engine throws the ClickHouseError of another copy of the client's library.
 */
export const engineCode = (error: unknown): string | undefined => {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' && /^\d+$/.test(code) ? code : undefined;
};

/**
 * Whatever an insert threw, as one of two: `clickhouse-refused` (these rows can never be stored) or
 * `clickhouse-unavailable` (the same rows are to be offered again).
 */
export const toInsertError = (error: unknown, table: string): AppError => {
  if (error instanceof AppError) return error;
  const code = engineCode(error) ?? '';
  const refusal = isTooManyPartitions(error) ? 'TOO_MANY_PARTITIONS' : refusals[code];
  if (refusal !== undefined) {
    // Without the engine's own words: they quote the row, and what is in it must not reach the logs.
    return new AppError('clickhouse-refused', `ClickHouse refused rows for ${table}: ${refusal} (${code}).`, {
      hint: 'The row goes to dead letters; see `kriver dlq`.',
      cause: error,
    });
  }
  return new AppError('clickhouse-unavailable', `ClickHouse did not take rows for ${table}: ${toText(error)}`, {
    hint: 'Nothing is lost: the same rows are offered again. Check that ClickHouse runs and has disk space and memory.',
    cause: error,
  });
};

/** What passes by itself: time-outs, too many queries or parts, memory, disk, a server that starts or stops. */
const passing: Readonly<Record<string, string>> = {
  159: 'TIMEOUT_EXCEEDED',
  202: 'TOO_MANY_SIMULTANEOUS_QUERIES',
  209: 'SOCKET_TIMEOUT',
  210: 'NETWORK_ERROR',
  236: 'ABORTED',
  241: 'MEMORY_LIMIT_EXCEEDED',
  242: 'TABLE_IS_READ_ONLY',
  243: 'NOT_ENOUGH_SPACE',
  252: 'TOO_MANY_PARTS',
  279: 'ALL_CONNECTION_TRIES_FAILED',
  285: 'TOO_FEW_LIVE_REPLICAS',
  319: 'UNKNOWN_STATUS_OF_INSERT',
  425: 'SYSTEM_ERROR',
  439: 'CANNOT_SCHEDULE_TASK',
  999: 'KEEPER_EXCEPTION',
};

/** False for an answer of the engine that the same statement would get again; true for those above and lost connections. */
export const isPassing = (error: unknown): boolean => {
  const code = engineCode(error);
  return code === undefined || code in passing;
};

/** Messages of the engine may quote a whole row; one line of a bounded length is enough for people. */
export const toText = (error: unknown): string => {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n', 1);
  return line.slice(0, 300);
};
