import type { ClickHouseClient } from '@clickhouse/client';
import type { Bus } from '../../runtime/bus/bus.ts';
import type { Until } from '../../runtime/bus/consume-partitions.ts';
import type { Clock } from '../../runtime/clock.ts';
import { AppError } from '../../runtime/errors.ts';
import { type Availability, createAvailability, type SinkLogger } from '../availability.ts';
import { runSink } from '../run-sink.ts';
import { isPassing, toText } from './clickhouse-error.ts';
import { toCluster } from './cluster.ts';
import { migrate } from './migrate.ts';
import { applyRetention } from './retention.ts';
import type { ClickHouseSettings } from './settings.ts';
import { createClickHouseSinks } from './sinks.ts';
import { applyThresholds, type Threshold } from './thresholds.ts';

/** The consumer group of this sink in every topic. */
export const clickHouseGroup = 'clickhouse';

export interface RunClickHouseOptions {
  bus: Bus;
  /** Used for nothing else meanwhile: it runs one statement at a time, the topics in turn. */
  client: ClickHouseClient;
  settings: ClickHouseSettings;
  thresholds: readonly Threshold[];
  until: Until;
  signal: AbortSignal;
  clock: Clock;
  logger: SinkLogger;
  /** Given after an unclean stop: the engine does not sync each insert to the disk, so the last ones may be gone. */
  rewindMs?: number | undefined;
  /** Told when ClickHouse stops and starts taking records; for health endpoints. */
  availability?: Availability | undefined;
}

/**
 * Stores every topic in ClickHouse: first the tables are brought up to date, then one loop a topic. While
 * ClickHouse is down all of this waits and retries, and the rest of Kriver goes on. Resolves when the signal aborts or,
 * with `caught-up`, when everything that was there at the call is stored.
 */
export const runClickHouse = async (options: RunClickHouseOptions): Promise<void> => {
  const { bus, client, until, clock, logger, rewindMs } = options;
  const availability = options.availability ?? createAvailability('ClickHouse', logger);
  if (!(await prepareWhenUp(options, availability))) return;
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  await Promise.all(
    createClickHouseSinks(client).map(({ topic, sink }) =>
      runSink({ bus, topic, group: clickHouseGroup, sink, until, signal, clock, logger, availability, rewindMs }).catch(
        (error: unknown) => {
          failed.abort();
          throw error;
        },
      ),
    ),
  );
};

/** Tables, views, TTLs and thresholds by this program and the settings: what `kriver migrate` does. */
export const prepareClickHouse = async (
  options: Pick<RunClickHouseOptions, 'client' | 'settings' | 'thresholds' | 'clock'>,
): Promise<readonly { number: number; name: string }[]> => {
  const { client, settings, thresholds, clock } = options;
  const applied = await migrate(client, { cluster: toCluster(settings) });
  await applyRetention(client, settings);
  await applyThresholds(client, thresholds, clock.now());
  return applied;
};

const longestDelayMs = 60_000;

/** False when the signal aborted first. */
const prepareWhenUp = async (options: RunClickHouseOptions, availability: Availability): Promise<boolean> => {
  const { signal, clock, logger } = options;
  for (let delayMs = 1_000; !signal.aborted; delayMs = Math.min(delayMs * 2, longestDelayMs)) {
    try {
      const applied = await prepareClickHouse(options);
      availability.up();
      if (applied.length > 0) logger.info({ migrations: applied.map(({ name }) => name) }, 'The database is migrated.');
      return true;
    } catch (error) {
      if (error instanceof AppError) throw error;
      const failure = new AppError('clickhouse-unavailable', `The tables cannot be prepared: ${toText(error)}`, {
        hint: "Check that ClickHouse runs, that the database exists, and that Kriver's user may create tables in it.",
        cause: error,
      });
      if (!isPassing(error)) throw failure;
      availability.down(failure);
      await clock.sleep(delayMs, signal);
    }
  }
  return false;
};
