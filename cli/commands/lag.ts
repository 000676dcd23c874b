import { type ExitCode, exitCodes } from '../../runtime/errors.ts';
import { type Context, configOf, printJson } from '../context.ts';
import type { OrgOptions } from '../handlers.ts';
import type { LagAnswer } from '../queries/lag.ts';
import { selectOrgs } from '../queries/select-orgs.ts';
import { printLag } from '../render/lag.ts';
import { withQueries } from './with-queries.ts';

/** Of Kafka the brokers are asked, and of a log in the data directory whoever has that open. */
const readLag = async (options: OrgOptions, context: Context): Promise<readonly LagAnswer[]> => {
  const config = configOf(options, context);
  if (config.bus.kind !== 'kafka') return withQueries(options, context, (queries) => queries.lag(options.org));
  const { readKafkaLag } = await import('../kafka-lag.ts');
  return readKafkaLag({
    config,
    settings: config.bus.kafka,
    orgs: selectOrgs(config, options.org),
    context,
  });
};

/** `kriver lag`: how far behind each stage of each org is. Being behind is no failure, so the exit code is 0. */
export const lag = async (options: OrgOptions, context: Context): Promise<ExitCode> => {
  const answers = await readLag(options, context);
  if (options.json) printJson(context, answers);
  else context.out.write(printLag(answers));
  return exitCodes.ok;
};
