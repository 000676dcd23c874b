import type { Context } from '../context.ts';
import type { Handlers } from '../handlers.ts';

type QueryCommand =
  | 'test'
  | 'kris'
  | 'why'
  | 'runs'
  | 'sql'
  | 'dlqList'
  | 'dlqShow'
  | 'dlqRedrive'
  | 'migrate'
  | 'topics'
  | 'lag';

/** The bodies of the commands that ask. Each is loaded when it is called, so that help is instant. */
export const createQueryCommands = (context: Context): Pick<Handlers, QueryCommand> => ({
  test: async (options) => (await import('./test.ts')).test(options, context),
  kris: async (options) => (await import('./kris.ts')).kris(options, context),
  why: async (options) => (await import('./why.ts')).why(options, context),
  runs: async (options) => (await import('./runs.ts')).runs(options, context),
  sql: async (options) => (await import('./sql.ts')).sql(options, context),
  dlqList: async (options) => (await import('./dlq.ts')).dlqList(options, context),
  dlqShow: async (options) => (await import('./dlq.ts')).dlqShow(options, context),
  dlqRedrive: async (options) => (await import('./dlq.ts')).dlqRedrive(options, context),
  migrate: async (options) => (await import('./migrate.ts')).migrate(options, context),
  topics: async (options) => (await import('./topics.ts')).topics(options, context),
  lag: async (options) => (await import('./lag.ts')).lag(options, context),
});
