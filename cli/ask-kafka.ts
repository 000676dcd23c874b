import type { Admin, Kafka } from 'kafkajs';
import { withAdmin } from '../runtime/bus/kafka/admin.ts';
import { createKafka } from '../runtime/bus/kafka/client.ts';
import type { KafkaSettings } from '../runtime/bus/kafka/settings.ts';
import { type Context, loggerOf } from './context.ts';

/**
 * Asks the brokers a question of a command. What keeps them from answering is the command's error, so each attempt is
 * logged only where somebody looks for the cause.
 */
export const askKafka = <Answer>(
  options: { settings: KafkaSettings; logLevel: string; context: Context; what: string },
  ask: (admin: Admin, kafka: Kafka) => Promise<Answer>,
): Promise<Answer> => {
  const { settings, logLevel, context, what } = options;
  const level = ['trace', 'debug'].includes(logLevel) ? logLevel : 'silent';
  const kafka = createKafka({ settings, logger: loggerOf(level, context) });
  return withAdmin({ kafka, clock: context.clock, what }, (admin) => ask(admin, kafka));
};
