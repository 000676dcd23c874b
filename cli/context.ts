import { type Clock, systemClock } from '../runtime/clock.ts';
import { exitCodes } from '../runtime/errors.ts';
import type { Config } from './config/config.ts';
import { requireConfig } from './config/load.ts';
import type { GlobalOptions } from './handlers.ts';
import { createLogger } from './logger.ts';
import { wantsColour } from './render/colour.ts';

/** What the bodies of the commands share: the process's surroundings, passed in so that tests can give their own. */
export interface Context {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
  readonly out: NodeJS.WriteStream;
  readonly error: NodeJS.WriteStream;
  readonly clock: Clock;
}

export const createContext = (): Context => ({
  environment: process.env,
  workingDirectory: process.cwd(),
  out: process.stdout,
  error: process.stderr,
  clock: systemClock,
});

export const configOf = (options: GlobalOptions, context: Context): Config =>
  requireConfig({
    file: options.config,
    dataDirectory: options.dataDir,
    environment: context.environment,
    workingDirectory: context.workingDirectory,
  });

/** The logger of a command: lines for people on a terminal, JSON elsewhere, always on standard error. */
export const loggerOf = (level: string, context: Context) =>
  createLogger({
    level,
    pretty: context.error.isTTY === true,
    colour: wantsColour(context.error, context.environment),
    write: (line) => void context.error.write(line),
  });

const keptLines = 100;

/** The logger under a screen, where lines have no place of their own: the last ones are kept, to be shown on it. */
export const createScreenLogger = (level: string) => {
  const lines: string[] = [];
  const write = (line: string) => {
    lines.push(line.trimEnd());
    if (lines.length > keptLines) lines.shift();
  };
  return { logger: createLogger({ level, pretty: true, colour: false, write }), lines: lines as readonly string[] };
};

/** Prints one JSON document a line. */
export const printJson = (context: Context, documents: readonly unknown[]): void => {
  for (const document of documents) context.out.write(`${JSON.stringify(document)}\n`);
};

/**
 * Aborts on SIGINT and SIGTERM, so that everything under way ends in order; a second signal ends the process at once.
 * `release` gives the signals back.
 */
export const untilInterrupted = (): { readonly signal: AbortSignal; readonly release: () => void } => {
  const stop = new AbortController();
  const interrupt = () => {
    if (stop.signal.aborted) process.exit(exitCodes.tryLater);
    stop.abort();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  return {
    signal: stop.signal,
    release: () => {
      process.off('SIGINT', interrupt);
      process.off('SIGTERM', interrupt);
    },
  };
};
