import type { KafkaSettings } from '../../runtime/bus/kafka/settings.ts';
import { AppError } from '../../runtime/errors.ts';
import type { Config } from '../config/config.ts';
import { type Context, configOf, loggerOf } from '../context.ts';
import type { GlobalOptions } from '../handlers.ts';
import { createRemoteQueries, findRunningProcess } from '../local-api/remote-queries.ts';
import type { Queries } from '../queries/queries.ts';

/** Another command may have the directory for a moment, and a process that starts needs one until it answers. */
const attempts = 15;
const waitMs = 200;

/**
 * Asks the running process when there is one, else the data directory itself: the same questions, the same answers.
 * The engines are loaded only where they are needed.
 */
export const withQueries = async <Answer>(
  options: GlobalOptions,
  context: Context,
  ask: (queries: Queries, config: Config) => Promise<Answer>,
): Promise<Answer> => {
  const config = configOf(options, context);
  if (config.bus.kind === 'kafka') return askKafkaLog(config, config.bus.kafka, context, ask);
  for (let attempt = 1; ; attempt += 1) {
    if ((await findRunningProcess(config.dataDirectory)) !== undefined) {
      return ask(createRemoteQueries(config.dataDirectory), config);
    }
    const opened = await openDirectly(config, context, attempt === attempts);
    if (opened !== undefined) {
      try {
        return await ask(opened.queries, config);
      } finally {
        await opened.close();
      }
    }
    await context.clock.sleep(waitMs);
  }
};

/** The topics are open to whoever may read them, so no process needs to be asked. */
const askKafkaLog = async <Answer>(
  config: Config,
  settings: KafkaSettings,
  context: Context,
  ask: (queries: Queries, config: Config) => Promise<Answer>,
): Promise<Answer> => {
  const [{ openKafkaQueries }, { createQueries }] = await Promise.all([
    import('../distributed.ts'),
    import('../queries/queries.ts'),
  ]);
  const log = await openKafkaQueries(config, settings, context.clock, loggerOf(config.logLevel, context));
  const queries = createQueries(log);
  try {
    return await ask(queries, config);
  } finally {
    await queries.close();
    await log.close();
  }
};

/** Undefined while another process has the directory; at the last attempt that is the error. */
const openDirectly = async (config: Config, context: Context, isLast: boolean) => {
  const [{ openLog }, { createQueries }] = await Promise.all([
    import('../queries/open-log.ts'),
    import('../queries/queries.ts'),
  ]);
  try {
    const log = await openLog(config, context.clock, loggerOf(config.logLevel, context));
    const queries = createQueries(log);
    const close = async (): Promise<void> => {
      await queries.close();
      await log.close();
    };
    return { queries, close };
  } catch (error) {
    if (!isLast && error instanceof AppError && error.code === 'directory-in-use') return undefined;
    throw error;
  }
};
