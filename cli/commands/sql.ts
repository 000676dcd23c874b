import { type ExitCode, exitCodes } from '../../runtime/errors.ts';
import type { SqlResult } from '../../sinks/clickhouse/query.ts';
import { type Context, configOf, printJson } from '../context.ts';
import type { SqlOptions } from '../handlers.ts';
import { createRemoteQueries, findRunningProcess } from '../local-api/remote-queries.ts';
import { printTable } from '../render/table.ts';

const longestCell = 80;

/** The running process has the engine; without one it is opened here, alone: a query needs no log. */
const query = async (options: SqlOptions, context: Context): Promise<SqlResult> => {
  const config = configOf(options, context);
  if ((await findRunningProcess(config.dataDirectory)) !== undefined) {
    return createRemoteQueries(config.dataDirectory).sql(options.query);
  }
  const { createSqlRunner } = await import('../queries/sql.ts');
  const runner = createSqlRunner(config);
  try {
    return await runner.run(options.query);
  } finally {
    await runner.close();
  }
};

const toCell = (value: unknown): string => {
  if (value === null || value === undefined) return '—';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
};

/** Columns in the order of the query; numbers stand on the right. */
const renderRows = ({ rows }: SqlResult): string => {
  const names = Object.keys(rows[0] ?? {});
  return printTable(
    names.map((title) => ({
      title,
      maximum: longestCell,
      align: rows.every((row) => typeof row[title] === 'number') ? ('right' as const) : ('left' as const),
    })),
    rows.map((row) => names.map((name) => toCell(row[name]))),
  );
};

/** `kriver sql`: one read-only query. The rows go to standard output, that some are missing to standard error. */
export const sql = async (options: SqlOptions, context: Context): Promise<ExitCode> => {
  const result = await query(options, context);
  if (options.json) printJson(context, result.rows);
  else context.out.write(result.rows.length === 0 ? 'No rows.\n' : `${renderRows(result)}\n`);
  if (result.truncated) {
    context.error.write(`Only the first ${result.rows.length} rows are given: clickhouse.sql_max_rows.\n`);
  }
  return exitCodes.ok;
};
