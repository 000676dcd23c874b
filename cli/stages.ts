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
import type { Parts } from './parts.ts';
import { thresholdsOf } from './shown-reading.ts';
import type { Stage } from './stage.ts';

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
export const createStages = (parts: Parts) => {
  const { config, bus, store, clock, logger, diskGuard, clickHouse, draxis } = parts;
  return {
    ingest: (until: Until, signal: AbortSignal): Promise<ReadonlyMap<string, IngestSummary>> =>
      runIngest({
        orgs: config.orgs.flatMap(({ name, ingest }) => {
          const okta = parts.okta.get(name);
          return okta === undefined ? [] : [{ org: name, okta, settings: ingest }];
        }),
        bus,
        clock,
        logger: logger.child({ component: 'ingest' }),
        ...(diskGuard === undefined ? {} : { diskGuard }),
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
        rewindMs: parts.uncleanStop ? defaultRewindMs : undefined,
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
      const { purge } = parts;
      while (purge !== undefined && !signal.aborted) {
        while (!signal.aborted && (await purge(clock.now())).more) await clock.sleep(50, signal);
        await clock.sleep(purgeEveryMs, signal);
      }
    },
  };
};

/**
 * The stages of this process side by side until the signal aborts. A stage that fails ends the others too, and its error is
 * thrown: the log repairs what was under way at the next start.
 */
export const runStages = async (parts: Parts, signal: AbortSignal): Promise<void> => {
  const stages = createStages(parts);
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
  const runs: Readonly<Record<Stage, readonly ((until: Until, signal: AbortSignal) => Promise<unknown>)[]>> = {
    ingest: [stages.ingest],
    processors: [stages.processors],
    sinks: [stages.clickHouse, stages.draxis],
  };
  const running = parts.stages.flatMap((stage) => runs[stage]).map((run) => guard(run('stopped', either)));
  await Promise.all([...running, guard(stages.retention(either))]);
  if (failure !== undefined) throw failure.error;
};
