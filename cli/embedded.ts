import { join } from 'node:path';
import type { ClickHouseClient } from '@clickhouse/client';
import type { Logger } from 'pino';
import { createOktaClient, type OktaClient } from '../ingest/okta/client.ts';
import { createDispatcher } from '../ingest/okta/dispatcher.ts';
import { createLmdbBus, type LmdbBus } from '../runtime/bus/lmdb-bus.ts';
import type { Clock } from '../runtime/clock.ts';
import { createDiskGuard, type DiskGuard } from '../runtime/disk-guard.ts';
import { AppError } from '../runtime/errors.ts';
import { openLmdbEnvironment } from '../runtime/lmdb-environment.ts';
import { createLmdbStateStore } from '../runtime/lmdb-state-store.ts';
import type { StateStore } from '../runtime/state-store.ts';
import { deadLettersTopic, readingsTopic, systemLogTopic, topics } from '../schemas/topics.ts';
import { connectServer, openChdb } from '../sinks/clickhouse/client.ts';
import { createDraxisClient } from '../sinks/draxis/client.ts';
import type { DraxisTarget } from '../sinks/draxis/run-draxis.ts';
import type { Config, OrgConfig } from './config/config.ts';

/** Everything that one process of Kriver is made of, opened and not yet running. Close it to stop in reverse order. */
export interface Embedded {
  readonly config: Config;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly bus: LmdbBus;
  readonly store: StateStore;
  readonly diskGuard: DiskGuard;
  /** Undefined when none is configured, or the embedded engine is not installed. */
  readonly clickHouse: ClickHouseClient | undefined;
  readonly okta: ReadonlyMap<string, OktaClient>;
  readonly draxis: ReadonlyMap<string, DraxisTarget>;
  /** True when the last process did not stop cleanly: sinks then write the last minutes again. */
  readonly uncleanStop: boolean;
  close(): Promise<void>;
}

const bytesPerMegabyte = 2 ** 20;

const retentionOf = (config: Config): Readonly<Record<string, number>> => ({
  [systemLogTopic.name]: config.retention.log_days,
  [readingsTopic.name]: config.retention.readings_days,
  [deadLettersTopic.name]: config.retention.dead_letters_days,
});

/** The client that writes, or none: everything but SQL works without ClickHouse. */
export const openClickHouse = async (config: Config, logger: Logger): Promise<ClickHouseClient | undefined> => {
  const { kind, url, user, password, database } = config.clickHouse;
  if (kind === 'none') return undefined;
  if (kind === 'server') return connectServer({ url: url ?? '', user, password, database });
  try {
    return await openChdb({ path: config.clickHouse.path ?? join(config.dataDirectory, 'clickhouse') });
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'clickhouse-missing') throw error;
    logger.warn({ component: 'clickhouse' }, `${error.message} ${error.hint} Nothing is stored for SQL until then.`);
    return undefined;
  }
};

/** One client an org: its base URL, its token, its rate budget. */
export const openOkta = (org: OrgConfig, config: Config, clock: Clock, logger: Logger) => {
  const dispatcher = createDispatcher({
    allowLoopback: config.allowLoopback,
    ...(config.network.proxy === undefined ? {} : { proxy: config.network.proxy.reveal() }),
    ...(config.network.certificateAuthorities === undefined ? {} : { ca: config.network.certificateAuthorities }),
  });
  const okta = createOktaClient({
    baseUrl: org.baseUrl,
    token: org.token,
    dispatcher,
    clock,
    random: Math.random,
    rateShare: org.ingest.rate_share,
    concurrency: org.ingest.concurrency,
    attempts: org.ingest.request_attempts,
    maxBodyBytes: org.ingest.max_response_bytes,
    onRetry: ({ error, waitMs }) =>
      logger.debug({ component: 'okta', org: org.name, waitMs }, `${error.message} It is tried again.`),
  });
  return { okta, close: () => dispatcher.close() };
};

export const toDraxisTarget = (org: OrgConfig, config: Config, clock: Clock, logger: Logger) => {
  if (org.draxis === undefined) return undefined;
  const { settings, token } = org.draxis;
  const client = createDraxisClient({
    url: settings.url,
    token,
    argumentNames: settings.argument_names,
    fixedArguments: settings.fixed_arguments,
    clock,
    logger,
    allowLoopback: config.allowLoopback,
  });
  const target: DraxisTarget = {
    client,
    settings: {
      cadence: settings.cadence,
      minimumCoverage: settings.minimum_coverage,
      latenessMs: config.allowedLatenessMinutes * 60_000,
      selected: new Set(org.kris),
      definitions: org.definitions,
      names: settings.slugs,
    },
  };
  return { target, client, close: () => client.close() };
};

/** Opens the data directory and builds every part; nothing connects to Okta or Draxis yet. */
export const openEmbedded = async (config: Config, clock: Clock, logger: Logger): Promise<Embedded> => {
  const closing: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const step of closing.reverse()) await step();
  };
  try {
    const environment = await openLmdbEnvironment({ directory: join(config.dataDirectory, 'log'), logger });
    closing.push(environment.close);
    const orgs = config.orgs.map(({ name }) => name);
    const days = retentionOf(config);
    const retained = topics.map(({ name, retention }) => ({
      name,
      retention: { ...retention, days: days[name] ?? retention.days },
    }));
    const bus = await createLmdbBus({ environment, orgs, clock, topics: retained });
    closing.push(bus.close);
    const clickHouse = await openClickHouse(config, logger);
    if (clickHouse !== undefined) closing.push(() => clickHouse.close());

    const okta = new Map<string, OktaClient>();
    const draxis = new Map<string, DraxisTarget>();
    for (const org of config.orgs) {
      const opened = openOkta(org, config, clock, logger);
      okta.set(org.name, opened.okta);
      closing.push(opened.close);
      const target = toDraxisTarget(org, config, clock, logger);
      if (target === undefined) continue;
      draxis.set(org.name, target.target);
      closing.push(target.close);
    }
    return {
      config,
      clock,
      logger,
      bus,
      store: createLmdbStateStore({ environment, bus }),
      diskGuard: createDiskGuard({
        directory: config.dataDirectory,
        reserveBytes: config.diskReserveMb * bytesPerMegabyte,
        clock,
        logger,
      }),
      clickHouse,
      okta,
      draxis,
      uncleanStop: environment.uncleanStop,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
};
