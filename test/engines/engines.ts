import { join } from 'node:path';
import type { Engine } from './engine.ts';
import { type Available, type FetchOptions, fetchClickHouse, fetchKafka, fetchRegistry } from './fetch-engines.ts';
import { type ClickHouse, startClickHouse } from './start-clickhouse.ts';
import { type Kafka, type KafkaOptions, startKafka } from './start-kafka.ts';
import { type Registry, startRegistry } from './start-registry.ts';

export interface EnginesOptions extends FetchOptions {
  /** Each engine gets a folder of its own in it. */
  readonly directory: string;
  /** What is asked for is started; `{}` for one as it comes, on any free port. */
  readonly kafka?: KafkaOptions;
  readonly registry?: { readonly port?: number };
  readonly clickHouse?: { readonly port?: number };
}

/** What was asked for is there, and nothing else. */
export interface Engines {
  readonly kafka?: Kafka;
  readonly registry?: Registry;
  readonly clickHouse?: ClickHouse;
  readonly brokers?: readonly string[];
  /** The root of the registry's Confluent API. */
  readonly registryUrl?: string;
  readonly clickHouseUrl?: string;
  /** Ends them all, side by side. */
  stop(): Promise<void>;
}

/** Fetches what is missing, then starts Kafka in the folder `kafka` of the directory. */
export const fetchAndStartKafka = async (options: EnginesOptions): Promise<Available<Kafka>> => {
  const files = await fetchKafka(options);
  if (!files.available) return files;
  const kafka = await startKafka({ ...options.kafka, files, directory: join(options.directory, 'kafka') });
  return { available: true, ...kafka };
};

export const fetchAndStartRegistry = async (options: EnginesOptions): Promise<Available<Registry>> => {
  const files = await fetchRegistry(options);
  if (!files.available) return files;
  const registry = await startRegistry({ ...options.registry, files, directory: join(options.directory, 'registry') });
  return { available: true, ...registry };
};

export const fetchAndStartClickHouse = async (options: EnginesOptions): Promise<Available<ClickHouse>> => {
  const files = await fetchClickHouse(options);
  if (!files.available) return files;
  const { clickHouse, directory } = options;
  return {
    available: true,
    ...(await startClickHouse({ ...clickHouse, files, directory: join(directory, 'clickhouse') })),
  };
};

/**
 * Fetches and starts the engines that are asked for, side by side. When one is not available, or does not start, those
 * that did are stopped again.
 */
export const startEngines = async (options: EnginesOptions): Promise<Available<Engines>> => {
  const started: Engine[] = [];
  const stop = async () => void (await Promise.all(started.map((engine) => engine.stop())));
  const ifAsked = async <T extends Engine>(
    isAsked: boolean,
    start: (options: EnginesOptions) => Promise<Available<T>>,
  ): Promise<Available<T> | undefined> => {
    if (!isAsked) return undefined;
    const engine = await start(options);
    if (engine.available) started.push(engine);
    return engine;
  };

  const starting = [
    ifAsked(options.kafka !== undefined, fetchAndStartKafka),
    ifAsked(options.registry !== undefined, fetchAndStartRegistry),
    ifAsked(options.clickHouse !== undefined, fetchAndStartClickHouse),
  ] as const;
  await Promise.allSettled(starting);
  try {
    const [kafka, registry, clickHouse] = await Promise.all(starting);
    const missing = [kafka, registry, clickHouse].find((engine) => engine?.available === false);
    if (missing?.available === false) {
      await stop();
      return missing;
    }
    return {
      available: true,
      ...(kafka?.available ? { kafka, brokers: kafka.brokers } : {}),
      ...(registry?.available ? { registry, registryUrl: registry.url } : {}),
      ...(clickHouse?.available ? { clickHouse, clickHouseUrl: clickHouse.url } : {}),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
};
