import { join } from 'node:path';
import type { Logger } from 'pino';
import { createLmdbBus } from '../runtime/bus/lmdb-bus.ts';
import type { Clock } from '../runtime/clock.ts';
import { createDiskGuard } from '../runtime/disk-guard.ts';
import { openLmdbEnvironment } from '../runtime/lmdb-environment.ts';
import { createLmdbStateStore } from '../runtime/lmdb-state-store.ts';
import type { Config } from './config/config.ts';
import { type Closing, connectDraxis, connectOkta } from './connect.ts';
import { openClickHouse } from './connect-clickhouse.ts';
import type { Parts } from './parts.ts';
import { toRetainedTopics } from './retained-topics.ts';
import { stageNames } from './stage.ts';

const bytesPerMegabyte = 2 ** 20;

/** Opens the data directory and builds every part; nothing connects to Okta or Draxis yet. */
export const openEmbedded = async (config: Config, clock: Clock, logger: Logger): Promise<Parts> => {
  const closing: Closing = [];
  const close = async (): Promise<void> => {
    for (const step of closing.reverse()) await step();
  };
  try {
    const environment = await openLmdbEnvironment({ directory: join(config.dataDirectory, 'log'), logger });
    closing.push(environment.close);
    const orgs = config.orgs.map(({ name }) => name);
    const bus = await createLmdbBus({ environment, orgs, clock, topics: toRetainedTopics(config) });
    closing.push(bus.close);
    const clickHouse = await openClickHouse(config, logger);
    if (clickHouse !== undefined) closing.push(() => clickHouse.close());

    const store = createLmdbStateStore({ environment, bus });
    return {
      config,
      clock,
      logger,
      stages: stageNames,
      bus,
      store,
      visitorStore: store,
      diskGuard: createDiskGuard({
        directory: config.dataDirectory,
        reserveBytes: config.diskReserveMb * bytesPerMegabyte,
        clock,
        logger,
      }),
      clickHouse,
      okta: connectOkta(config, clock, logger, closing),
      draxis: connectDraxis(config, clock, logger, closing),
      uncleanStop: environment.uncleanStop,
      purge: bus.purge,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
};
