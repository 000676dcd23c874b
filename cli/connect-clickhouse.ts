import { join } from 'node:path';
import type { Logger } from 'pino';
import { AppError } from '../runtime/errors.ts';
import {
  type ClickHouseClient,
  connectServer,
  openChdb,
  type QueryLimits,
  toServerOptions,
} from '../sinks/clickhouse/client.ts';
import type { Config } from './config/config.ts';

/** Where the embedded engine keeps its database. */
export const databasePath = (config: Config): string =>
  config.clickHouse.path ?? join(config.dataDirectory, 'clickhouse');

/** A client of ClickHouse as configured: with limits it can do nothing but read. Throws where there is none. */
export const connectClickHouse = async (config: Config, limits?: QueryLimits): Promise<ClickHouseClient> => {
  const { kind } = config.clickHouse;
  if (kind === 'embedded') {
    return openChdb({ path: databasePath(config), ...(limits === undefined ? {} : { limits }) });
  }
  if (kind === 'server') return connectServer(toServerOptions(config.clickHouse, limits));
  throw new AppError('configuration-invalid', 'clickhouse.kind is none: nothing is stored for SQL.', {
    hint: 'Set clickhouse.kind to embedded or server.',
  });
};

/** The client that writes, or none: everything but SQL works without ClickHouse. */
export const openClickHouse = async (config: Config, logger: Logger): Promise<ClickHouseClient | undefined> => {
  if (config.clickHouse.kind === 'none') return undefined;
  try {
    return await connectClickHouse(config);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'clickhouse-missing') throw error;
    logger.warn({ component: 'clickhouse' }, `${error.message} ${error.hint} Nothing is stored for SQL until then.`);
    return undefined;
  }
};
