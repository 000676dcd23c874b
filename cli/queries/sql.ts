import type { ClickHouseClient } from '../../sinks/clickhouse/client.ts';
import { runSql, type SqlResult } from '../../sinks/clickhouse/query.ts';
import type { Config } from '../config/config.ts';
import { connectClickHouse } from '../connect-clickhouse.ts';

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
