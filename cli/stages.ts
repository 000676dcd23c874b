import { type IngestSummary, runIngest } from '../ingest/run-ingest.ts';
import type { IndicatorSettings } from '../processors/indicator.ts';
import { indicators } from '../processors/indicators/index.ts';
import { runProcessors } from '../processors/run-processors.ts';
import type { Until } from '../runtime/bus/consume-partitions.ts';
import { hourMs } from '../schemas/time.ts';
import { runClickHouse } from '../sinks/clickhouse/run-clickhouse.ts';
import { type DraxisResult, runDraxis } from '../sinks/draxis/run-draxis.ts';
import { defaultRewindMs } from '../sinks/rewind.ts';
import type { Config, OrgConfig } from './config/config.ts';
import type { Embedded } from './embedded.ts';
import { thresholdsOf } from './shown-reading.ts';

const purgeEveryMs = hourMs;

export const toIndicatorSettings = (org: OrgConfig): IndicatorSettings => ({
  org: org.name,
  userSampleCap: org.ingest.user_sample_cap,
  velocityNames: org.velocityNames.map((name) => name.toLowerCase()),
});

/** The thresholds that ClickHouse joins at read time: every KRI's of every org. */
export const toThresholds = (config: Config) =>
  config.orgs.flatMap((org) => indicators.map(({ slug }) => ({ org: org.name, slug, ...thresholdsOf(slug, org) })));

/** The stages of one process, as functions of how long they run; what wires them is only the bus. */
export const createStages = (embedded: Embedded) => {
  const { config, bus, store, clock, logger, diskGuard, clickHouse, draxis } = embedded;
  return {
    ingest: (until: Until, signal: AbortSignal): Promise<ReadonlyMap<string, IngestSummary>> =>
      runIngest({
        orgs: config.orgs.flatMap(({ name, ingest }) => {
          const okta = embedded.okta.get(name);
          return okta === undefined ? [] : [{ org: name, okta, settings: ingest }];
        }),
        bus,
        clock,
        logger: logger.child({ component: 'ingest' }),
        diskGuard,
        until,
        signal,
      }),
    processors: (until: Until, signal: AbortSignal): Promise<void> =>
      runProcessors({ bus, store, orgs: config.orgs.map(toIndicatorSettings), until, signal }),
    clickHouse: async (until: Until, signal: AbortSignal): Promise<void> => {
      if (clickHouse === undefined) return;
      await runClickHouse({
        bus,
        client: clickHouse,
        settings: config.clickHouse,
        thresholds: toThresholds(config),
        until,
        signal,
        clock,
        logger: logger.child({ component: 'clickhouse' }),
        rewindMs: embedded.uncleanStop ? defaultRewindMs : undefined,
      });
    },
    draxis: (until: Until, signal: AbortSignal): Promise<DraxisResult> =>
      runDraxis({
        targets: draxis,
        bus,
        store,
        clock,
        logger: logger.child({ component: 'draxis' }),
        until,
        signal,
      }),
    /** Drops what the topics no longer keep, a piece at a time, so that the stages are not held up. */
    retention: async (signal: AbortSignal): Promise<void> => {
      while (!signal.aborted) {
        while (!signal.aborted && (await bus.purge(clock.now())).more) await clock.sleep(50, signal);
        await clock.sleep(purgeEveryMs, signal);
      }
    },
  };
};

/**
 * All stages side by side until the signal aborts. A stage that fails ends the others too, and its error is thrown: the
 * log repairs what was under way at the next start.
 */
export const runStages = async (embedded: Embedded, signal: AbortSignal): Promise<void> => {
  const stages = createStages(embedded);
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  let failure: { error: unknown } | undefined;
  const guard = async (stage: Promise<unknown>): Promise<void> => {
    try {
      await stage;
    } catch (error) {
      if (!either.aborted) failure ??= { error };
      stop.abort();
    }
  };
  await Promise.all([
    guard(stages.ingest('stopped', either)),
    guard(stages.processors('stopped', either)),
    guard(stages.clickHouse('stopped', either)),
    guard(stages.draxis('stopped', either)),
    guard(stages.retention(either)),
  ]);
  if (failure !== undefined) throw failure.error;
};
