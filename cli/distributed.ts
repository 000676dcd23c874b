import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClickHouseClient } from '@clickhouse/client';
import type { Logger } from 'pino';
import { withAdmin } from '../runtime/bus/kafka/admin.ts';
import { createKafka } from '../runtime/bus/kafka/client.ts';
import type { KafkaSettings } from '../runtime/bus/kafka/settings.ts';
import type { SchemaIds } from '../runtime/bus/kafka/wire-format.ts';
import { openKafkaBus } from '../runtime/bus/kafka-bus.ts';
import { createClickHouseStateStore } from '../runtime/clickhouse-state-store.ts';
import { type Clock, systemClock } from '../runtime/clock.ts';
import { createMemoryStateStore } from '../runtime/memory-state-store.ts';
import { registerSchemas } from '../runtime/registry/register-schemas.ts';
import { topics } from '../schemas/topics.ts';
import { draxisGroup } from '../sinks/draxis/push-state.ts';
import type { Config } from './config/config.ts';
import { type Closing, connectDraxis, connectOkta } from './connect.ts';
import { openClickHouse } from './connect-clickhouse.ts';
import type { Parts } from './parts.ts';
import { requireTopics } from './require-topics.ts';
import type { Stage } from './stage.ts';

/** In the data directory: with the ids of an earlier start, a stage can start while the registry is away. */
const schemaIdsFile = 'schema-ids.json';

/** The ids under which values are sent; none where no registry is configured. */
const findSchemaIds = async (options: {
  config: Config;
  settings: KafkaSettings;
  logger: Logger;
  signal: AbortSignal;
}): Promise<SchemaIds> => {
  const { config, settings, logger, signal } = options;
  if (settings.registry === undefined) return new Map();
  return registerSchemas({
    settings: settings.registry,
    topics,
    topicPrefix: settings.topic_prefix,
    logger,
    clock: systemClock,
    signal,
    cacheFile: join(config.dataDirectory, schemaIdsFile),
  });
};

/** The bus, and a state store over it: the parts that answer questions, without anything that runs. */
export const openKafkaLog = async (options: {
  config: Config;
  settings: KafkaSettings;
  clock: Clock;
  logger: Logger;
  schemaIds: () => Promise<SchemaIds>;
  stopping: AbortSignal;
  closing: Closing;
}) => {
  const { config, settings, logger, schemaIds, stopping, closing } = options;
  const kafka = createKafka({ settings, logger });
  await withAdmin({ kafka, clock: systemClock, what: 'The topics cannot be checked' }, (admin) =>
    requireTopics(admin, config, settings),
  );
  const bus = await openKafkaBus({
    kafka,
    topicPrefix: settings.topic_prefix,
    partitions: settings.partitions,
    schemaIds,
    logger,
    clock: systemClock,
    stopping,
  });
  closing.push(bus.close);
  const client = config.clickHouse.kind === 'server' ? await openClickHouse(config, logger) : undefined;
  if (client === undefined) {
    const store = createMemoryStateStore(bus);
    return { bus, store, visitorStore: store };
  }
  closing.push(() => client.close());
  // A store takes what it loads for its own from then on, so those who only ask have another one.
  const openStore = () => {
    const store = createClickHouseStateStore({
      client,
      bus,
      clock: systemClock,
      logger,
      prefix: settings.topic_prefix,
      durable: [draxisGroup],
    });
    closing.push(store.close);
    return store;
  };
  return { bus, store: openStore(), visitorStore: openStore() };
};

/**
 * Some stages of Kriver in this process, on Kafka and a ClickHouse server. Schemas are registered before anything is
 * written, and topics checked, so that what does not fit is refused at the start. `stopping` is the process's own: when
 * it aborts, what waits for a broker is given up.
 */
export const openDistributed = async (options: {
  config: Config;
  settings: KafkaSettings;
  stages: readonly Stage[];
  clock: Clock;
  logger: Logger;
  stopping: AbortSignal;
}): Promise<Parts> => {
  const { config, settings, stages, clock, logger, stopping } = options;
  const closing: Closing = [];
  const close = async (): Promise<void> => {
    for (const step of closing.reverse()) await step();
  };
  try {
    await mkdir(config.dataDirectory, { recursive: true, mode: 0o700 });
    const ids = await findSchemaIds({ config, settings, logger, signal: stopping });
    const { bus, store, visitorStore } = await openKafkaLog({ ...options, schemaIds: async () => ids, closing });
    let clickHouse: ClickHouseClient | undefined;
    if (stages.includes('sinks')) {
      clickHouse = await openClickHouse(config, logger);
      const opened = clickHouse;
      if (opened !== undefined) closing.push(() => opened.close());
    }
    return {
      config,
      clock,
      logger,
      stages,
      bus,
      store,
      visitorStore,
      diskGuard: undefined,
      clickHouse,
      okta: stages.includes('ingest') ? connectOkta(config, clock, logger, closing) : new Map(),
      draxis: stages.includes('sinks') ? connectDraxis(config, clock, logger, closing) : new Map(),
      uncleanStop: false,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
};

/** For questions and for `kriver dlq redrive`: no group is joined, and the registry is asked when something is sent. */
export const openKafkaQueries = async (config: Config, settings: KafkaSettings, clock: Clock, logger: Logger) => {
  const closing: Closing = [];
  const stop = new AbortController();
  const close = async (): Promise<void> => {
    stop.abort();
    for (const step of closing.reverse()) await step();
  };
  const schemaIds = () => findSchemaIds({ config, settings, logger, signal: stop.signal });
  try {
    const log = await openKafkaLog({ config, settings, clock, logger, schemaIds, stopping: stop.signal, closing });
    return { config, clock, bus: log.bus, store: log.visitorStore, close };
  } catch (error) {
    await close();
    throw error;
  }
};
