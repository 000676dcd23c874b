import { existsSync } from 'node:fs';
import { AppError, type ExitCode, exitCodes } from '../../runtime/errors.ts';
import { prepareClickHouse } from '../../sinks/clickhouse/run-clickhouse.ts';
import type { Config } from '../config/config.ts';
import { connectClickHouse } from '../connect-clickhouse.ts';
import { type Context, configOf, loggerOf } from '../context.ts';
import type { GlobalOptions } from '../handlers.ts';
import { findRunningProcess } from '../local-api/remote-queries.ts';
import { logDirectory, openLog } from '../queries/open-log.ts';
import { toThresholds } from '../stages.ts';

/** The embedded engine takes one process: holding the log keeps a run from starting meanwhile, and says who is there. */
const holdDirectory = async (config: Config, context: Context): Promise<() => Promise<void>> => {
  if (config.clickHouse.kind !== 'embedded') return async () => {};
  const running = await findRunningProcess(config.dataDirectory);
  if (running !== undefined) {
    throw new AppError('directory-in-use', `${config.dataDirectory} is in use by process ${running.pid}.`, {
      hint: '`kriver run` applied the migrations of its version when it started. Stop it to apply those of this one.',
    });
  }
  if (!existsSync(logDirectory(config))) return async () => {};
  return (await openLog(config, context.clock, loggerOf(config.logLevel, context))).close;
};

/** `kriver migrate`: tables, views, TTLs and thresholds by this version and the settings. */
export const migrate = async (options: GlobalOptions, context: Context): Promise<ExitCode> => {
  const config = configOf(options, context);
  const release = await holdDirectory(config, context);
  try {
    const client = await connectClickHouse(config);
    try {
      const applied = await prepareClickHouse({
        client,
        settings: config.clickHouse,
        thresholds: toThresholds(config),
        clock: context.clock,
      });
      for (const { number, name } of applied) context.out.write(`Applied ${String(number).padStart(4, '0')} ${name}\n`);
      if (applied.length === 0) context.out.write('The tables are up to date.\n');
    } finally {
      await client.close();
    }
  } catch (error) {
    throw toReachable(error);
  } finally {
    await release();
  }
  return exitCodes.ok;
};

/** A server that does not answer is met with the first statement, as whatever its client throws. */
const toReachable = (error: unknown): unknown => {
  if (error instanceof AppError) return error;
  const text = error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error);
  return new AppError('clickhouse-unavailable', `ClickHouse did not take the migrations: ${text.slice(0, 300)}`, {
    hint: 'Check that ClickHouse runs, and clickhouse.url, user and password.',
    cause: error,
  });
};
