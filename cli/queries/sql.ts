import { join } from 'node:path';
import { AppError } from '../../runtime/errors.ts';
import { type ClickHouseClient, connectServer, openChdb, type QueryLimits } from '../../sinks/clickhouse/client.ts';
import { runSql, type SqlResult } from '../../sinks/clickhouse/query.ts';
import type { Config } from '../config/config.ts';

/** Where the embedded engine keeps its database. */
export const databasePath = (config: Config): string =>
  config.clickHouse.path ?? join(config.dataDirectory, 'clickhouse');

/** A client of ClickHouse as configured: with limits it can do nothing but read. Throws where there is none. */
export const connectClickHouse = async (config: Config, limits?: QueryLimits): Promise<ClickHouseClient> => {
  const { kind, url, user, password, database } = config.clickHouse;
  const limited = limits === undefined ? {} : { limits };
  if (kind === 'embedded') return openChdb({ path: databasePath(config), ...limited });
  if (kind === 'server') return connectServer({ url: url ?? '', user, password, database, ...limited });
  throw new AppError('configuration-invalid', 'clickhouse.kind is none: nothing is stored for SQL.', {
    hint: 'Set clickhouse.kind to embedded or server.',
  });
};

/**
 * Free queries on a client of their own, so that they cannot write and the writer's queries do not wait for them. It is
 * opened with the first query.
 */
export const createSqlRunner = (config: Config): { run(query: string): Promise<SqlResult>; close(): Promise<void> } => {
  const { sql_max_seconds: maxSeconds, sql_max_memory_mb: megabytes, sql_max_rows: maxRows } = config.clickHouse;
  let opening: Promise<ClickHouseClient> | undefined;
  const open = (): Promise<ClickHouseClient> => {
    opening ??= connectClickHouse(config, { maxSeconds, maxMemoryBytes: megabytes * 2 ** 20, maxRows }).catch(
      (error: unknown) => {
        opening = undefined;
        throw error;
      },
    );
    return opening;
  };
  return {
    run: async (sql) => runSql({ client: await open(), sql, maxRows }),
    close: async () => {
      const client = await opening?.catch(() => undefined);
      await client?.close();
    },
  };
};
