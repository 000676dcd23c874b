import type { KafkaSettings } from '../runtime/bus/kafka/settings.ts';
import { systemClock } from '../runtime/clock.ts';
import { exitCodes } from '../runtime/errors.ts';
import type { Config } from './config/config.ts';
import { type Context, loggerOf, untilInterrupted } from './context.ts';
import { openDistributed } from './distributed.ts';
import { findRunningProcess } from './local-api/remote-queries.ts';
import { serveLocalApi } from './local-api/serve.ts';
import type { Parts } from './parts.ts';
import { runTogether } from './run-together.ts';
import type { Stage } from './stage.ts';
import { runStages } from './stages.ts';

/** Who stops a process waits so long for it before it kills it: `docker stop` by default. */
const longestDrainMs = 9_500;

/**
 * The stages of this process on Kafka until it is interrupted. It then ends within ten seconds, whoever does not answer:
 * what was not acked is done again by the next process. Throws what a stage failed with.
 */
export const runDistributed = async (options: {
  context: Context;
  config: Config;
  settings: KafkaSettings;
  stages: readonly Stage[];
}): Promise<void> => {
  const { context, config, settings, stages } = options;
  const logger = loggerOf(config.logLevel, context);
  const { signal, release } = untilInterrupted();
  const ended = new AbortController();
  const limitDrain = async (): Promise<void> => {
    await systemClock.sleep(longestDrainMs, ended.signal);
    if (ended.signal.aborted) return;
    logger.warn('A broker or a store did not answer in time; what was not acked is done again by the next process.');
    process.exit(exitCodes.ok);
  };
  signal.addEventListener('abort', limitDrain, { once: true });
  let parts: Parts | undefined;
  try {
    parts = await openDistributed({ config, settings, stages, clock: context.clock, logger, stopping: signal });
    logger.info({ stages, brokers: settings.brokers, orgs: config.orgs.length }, 'Kriver runs.');
    await runStagesAndAnswer(parts, signal);
    logger.info('Kriver stops.');
  } catch (error) {
    // What was still waiting for the registry or a broker ends with the signal, and that was asked for.
    if (!signal.aborted || error !== signal.reason) throw error;
  } finally {
    try {
      await parts?.close();
    } finally {
      ended.abort();
      release();
    }
  }
};

/**
 * Answers on the socket of the data directory too, so that a container's health can be asked for. Several processes of
 * one machine may share the directory: the first one has the socket, and nothing else is in it that two could not have.
 */
const runStagesAndAnswer = async (parts: Parts, outer: AbortSignal): Promise<void> => {
  const isFirst = (await findRunningProcess(parts.config.dataDirectory)) === undefined;
  const answer = (signal: AbortSignal) => serveLocalApi({ source: { ...parts, store: parts.visitorStore }, signal });
  await runTogether(outer, [(signal) => runStages(parts, signal), ...(isFirst ? [answer] : [])]);
};
