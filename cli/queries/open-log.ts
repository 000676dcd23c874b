import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { createLmdbBus } from '../../runtime/bus/lmdb-bus.ts';
import type { Clock } from '../../runtime/clock.ts';
import { AppError } from '../../runtime/errors.ts';
import { openLmdbEnvironment } from '../../runtime/lmdb-environment.ts';
import { createLmdbStateStore } from '../../runtime/lmdb-state-store.ts';
import type { Config } from '../config/config.ts';
import type { QuerySource } from './queries.ts';

/** Where the log is; there is none before the first run. */
export const logDirectory = (config: Config): string => join(config.dataDirectory, 'log');

/**
 * Opens the log and the state, as a visitor: without ClickHouse, Okta and Draxis, which a question does not need, and
 * without a trace, so that the next run still knows how the last one ended. Fails with `directory-in-use` while
 * another process has it, and with `data-invalid` when there is none yet.
 */
export const openLog = async (
  config: Config,
  clock: Clock,
  logger: Logger,
): Promise<QuerySource & { close(): Promise<void> }> => {
  const directory = logDirectory(config);
  if (!existsSync(directory)) {
    throw new AppError('data-invalid', `There is no data in ${config.dataDirectory} yet.`, {
      hint: '`kriver run` or `kriver once` reads the org first; --data-dir names another directory.',
    });
  }
  const environment = await openLmdbEnvironment({ directory, visit: true, logger });
  try {
    const bus = await createLmdbBus({ environment, orgs: config.orgs.map(({ name }) => name), clock });
    const store = createLmdbStateStore({ environment, bus });
    const close = async (): Promise<void> => {
      await bus.close();
      await environment.close();
    };
    return { config, clock, bus, store, close };
  } catch (error) {
    await environment.close();
    throw error;
  }
};
