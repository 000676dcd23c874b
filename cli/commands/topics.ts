import { toTopicSpecs } from '../../runtime/bus/kafka/topic-spec.ts';
import { applyTopics, checkTopics } from '../../runtime/bus/kafka/topics.ts';
import { AppError, type ExitCode, exitCodes } from '../../runtime/errors.ts';
import { askKafka } from '../ask-kafka.ts';
import { type Context, configOf, printJson } from '../context.ts';
import type { TopicsOptions } from '../handlers.ts';
import { printTopics, toTopicDocument } from '../render/topics.ts';
import { toRetainedTopics } from '../retained-topics.ts';

/** `kriver topics`: what there is beside what is needed, and with --apply what there is after it was set right. */
export const topics = async (options: TopicsOptions, context: Context): Promise<ExitCode> => {
  const config = configOf(options, context);
  if (config.bus.kind !== 'kafka') {
    throw new AppError('usage-invalid', 'Topics are of Kafka, and bus.kind is lmdb: its log needs none.', {
      hint: 'Set bus.kind: kafka and bus.brokers, or KRIVER_KAFKA_BROKERS.',
    });
  }
  const { kafka: settings } = config.bus;
  const specs = toTopicSpecs(toRetainedTopics(config), settings);
  const what = options.apply ? 'The topics cannot be set right' : 'The topics cannot be read';
  const checks = await askKafka({ settings, logLevel: config.logLevel, context, what }, (admin) =>
    options.apply ? applyTopics(admin, specs, context.clock) : checkTopics(admin, specs),
  );
  if (options.json) printJson(context, checks.map(toTopicDocument));
  else context.out.write(printTopics(checks));
  const isRight = checks.every(({ actual, differences }) => actual !== undefined && differences.length === 0);
  return isRight ? exitCodes.ok : exitCodes.checkFailed;
};
