import { exitCodes } from '../../runtime/errors.ts';
import { type Context, configOf, createScreenLogger, loggerOf, printJson, untilInterrupted } from '../context.ts';
import { openEmbedded } from '../embedded.ts';
import type { Handlers } from '../handlers.ts';
import { runLive } from '../run-live.ts';
import { runOnce } from './once.ts';

/** `kriver run`: everything, until it is interrupted. A terminal shows the KRIs; elsewhere a line a change. */
export const createRunCommand =
  (context: Context): Handlers['run'] =>
  async (options) => {
    const config = configOf(options, context);
    const screen = context.out.isTTY === true ? createScreenLogger(config.logLevel) : undefined;
    const logger = screen?.logger ?? loggerOf(config.logLevel, context);
    const interrupted = untilInterrupted();
    const embedded = await openEmbedded(config, context.clock, logger);
    try {
      const messages = () => screen?.lines.slice(-3) ?? [];
      await runLive({ embedded, context, signal: interrupted.signal, messages });
    } finally {
      await embedded.close();
      interrupted.release();
    }
    return exitCodes.ok;
  };

/** `kriver once`: one pass, a report, and the exit code of what went wrong. */
export const createOnceCommand =
  (context: Context): Handlers['once'] =>
  async (options) => {
    const config = configOf(options, context);
    const orgs = config.orgs.filter(({ name }) => options.org === undefined || name === options.org);
    const logger = loggerOf(config.logLevel, context);
    const interrupted = untilInterrupted();
    const embedded = await openEmbedded({ ...config, orgs }, context.clock, logger);
    try {
      const { reports, texts, code } = await runOnce(embedded, interrupted.signal);
      if (options.json) printJson(context, reports);
      else context.out.write(`${texts.join('\n\n')}\n`);
      return interrupted.signal.aborted ? exitCodes.tryLater : code;
    } finally {
      await embedded.close();
      interrupted.release();
    }
  };
