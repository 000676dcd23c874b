import { randomUUID } from 'node:crypto';
import pino from 'pino';
import { createKafka } from '../../runtime/bus/kafka/client.ts';
import { kafkaSettingsSchema } from '../../runtime/bus/kafka/settings.ts';
import { openKafkaBus } from '../../runtime/bus/kafka-bus.ts';
import { systemClock } from '../../runtime/clock.ts';
import { type BusUnderTest, busContract } from '../contract/bus.ts';
import { createServedTopics } from './kafka-world.ts';

const logger = pino({ level: process.env['KRIVER_TEST_LOG'] ?? 'silent' });
const partitions = 3;
const topicNames = ['contract.topic', 'contract.other', 'contract.empty'];
/** Short enough for a test that leaves a batch unhandled on purpose. */
const times = { sessionTimeoutMs: 10_000, heartbeatIntervalMs: 500, graceMs: 50 };

const create = (brokers: readonly string[]) => async (): Promise<BusUnderTest> => {
  const topicPrefix = `${randomUUID()}.`;
  const settings = kafkaSettingsSchema.parse({ brokers, topic_prefix: topicPrefix, partitions, replication: 1 });
  const kafka = createKafka({ settings, logger });
  const admin = kafka.admin();
  await admin.connect();
  await createServedTopics(
    admin,
    topicNames.map((name) => ({
      topic: `${topicPrefix}${name}`,
      numPartitions: partitions,
      configEntries: [
        { name: 'message.timestamp.type', value: 'LogAppendTime' },
        { name: 'max.message.bytes', value: String(4 * 2 ** 20) },
      ],
    })),
  );
  const stopping = new AbortController();
  const open = () =>
    openKafkaBus({
      kafka,
      topicPrefix,
      partitions,
      schemaIds: async () => new Map([['contract.topic', 7]]),
      logger,
      clock: systemClock,
      stopping: stopping.signal,
      times,
    });
  let bus = await open();
  return {
    bus,
    passTime: (durationMs) => systemClock.sleep(durationMs / 10),
    now: systemClock.now,
    reopen: async () => {
      await bus.close();
      bus = await open();
      return bus;
    },
    close: async () => {
      stopping.abort();
      await bus.close();
      await admin.disconnect();
    },
  };
};

/** The contract of a bus, on brokers; each test has topics of its own. */
export const kafkaBusContract = (name: string, brokers: readonly string[]): void => busContract(name, create(brokers));
