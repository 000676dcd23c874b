import { AppError, exitCodes } from '../../runtime/errors.ts';
import { type Context, configOf, createScreenLogger, loggerOf, printJson, untilInterrupted } from '../context.ts';
import { openEmbedded } from '../embedded.ts';
import type { Handlers } from '../handlers.ts';
import { runLive } from '../run-live.ts';
import { toStages } from '../stage.ts';
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
    if (config.bus.kind === 'kafka') {
      const { runDistributed } = await import('../run-distributed.ts');
      await runDistributed({ context, config, settings: config.bus.kafka, stages });
      return exitCodes.ok;
    }
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
