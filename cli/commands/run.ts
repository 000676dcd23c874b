import type { KafkaSettings } from '../../runtime/bus/kafka/settings.ts';
import { AppError, type ExitCode, exitCodes } from '../../runtime/errors.ts';
import type { Config } from '../config/config.ts';
import { type Context, configOf, createScreenLogger, loggerOf, printJson, untilInterrupted } from '../context.ts';
import { openEmbedded } from '../embedded.ts';
import type { Handlers } from '../handlers.ts';
import { findRunningProcess } from '../local-api/remote-queries.ts';
import { serveLocalApi } from '../local-api/serve.ts';
import type { Parts } from '../parts.ts';
import { runLive } from '../run-live.ts';
import { type Stage, toStages } from '../stage.ts';
import { runStages } from '../stages.ts';
import { runOnce } from './once.ts';

/**
 * `kriver run`: everything, or some stages, until it is interrupted. With the log on this machine a terminal shows the
 * KRIs, elsewhere a line a change. Stages on Kafka only log: `kriver kris` and `kriver lag` ask the brokers from anywhere.
 */
export const createRunCommand =
  (context: Context): Handlers['run'] =>
  async (options) => {
    const config = configOf(options, context);
    const stages = toStages(options.stages, config.bus);
    if (config.bus.kind === 'kafka') return runOnKafka(context, config, config.bus.kafka, stages);
    const screen = context.out.isTTY === true ? createScreenLogger(config.logLevel) : undefined;
    const logger = screen?.logger ?? loggerOf(config.logLevel, context);
    const interrupted = untilInterrupted();
    const parts = await openEmbedded(config, context.clock, logger);
    try {
      const messages = () => screen?.lines.slice(-3) ?? [];
      await runLive({ parts, context, signal: interrupted.signal, messages });
    } finally {
      await parts.close();
      interrupted.release();
    }
    return exitCodes.ok;
  };

/** Who stops a process waits so long for it before it kills it: `docker stop` by default. */
const longestDrainMs = 9_500;

const runOnKafka = async (
  context: Context,
  config: Config,
  settings: KafkaSettings,
  stages: readonly Stage[],
): Promise<ExitCode> => {
  const { openDistributed } = await import('../distributed.ts');
  const logger = loggerOf(config.logLevel, context);
  const { signal, release } = untilInterrupted();
  const drained = new AbortController();
  signal.addEventListener(
    'abort',
    () => {
      void context.clock.sleep(longestDrainMs, drained.signal).then(() => {
        if (drained.signal.aborted) return;
        logger.warn(
          'A broker or a store did not answer in time; what was not acked is done again by the next process.',
        );
        process.exit(exitCodes.ok);
      });
    },
    { once: true },
  );
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
    await parts?.close();
    drained.abort();
    release();
  }
  return exitCodes.ok;
};

/**
 * Answers on the socket of the data directory too, so that a container's health can be asked for. Several processes of
 * one machine may share the directory: the first one has the socket, and nothing else is in it that two could not have.
 */
const runStagesAndAnswer = async (parts: Parts, signal: AbortSignal): Promise<void> => {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const source = { ...parts, store: parts.visitorStore };
  const isFirst = (await findRunningProcess(parts.config.dataDirectory)) === undefined;
  const answering = isFirst ? serveLocalApi({ source, signal: either }) : Promise.resolve();
  const running = runStages(parts, either).finally(() => stop.abort());
  const failed = (await Promise.allSettled([running, answering])).find((part) => part.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
};

/** `kriver once`: one pass, a report, and the exit code of what went wrong. */
export const createOnceCommand =
  (context: Context): Handlers['once'] =>
  async (options) => {
    const config = configOf(options, context);
    if (config.bus.kind === 'kafka') {
      throw new AppError('usage-invalid', '`kriver once` works on the log of this machine, and bus.kind is kafka.', {
        hint: 'Keep `kriver run --stage …` running; `kriver kris` then gives the newest readings at any time.',
      });
    }
    const orgs = config.orgs.filter(({ name }) => options.org === undefined || name === options.org);
    const logger = loggerOf(config.logLevel, context);
    const interrupted = untilInterrupted();
    const parts = await openEmbedded({ ...config, orgs }, context.clock, logger);
    try {
      const { reports, texts, code } = await runOnce(parts, interrupted.signal);
      if (options.json) printJson(context, reports);
      else context.out.write(`${texts.join('\n\n')}\n`);
      return interrupted.signal.aborted ? exitCodes.tryLater : code;
    } finally {
      await parts.close();
      interrupted.release();
    }
  };
