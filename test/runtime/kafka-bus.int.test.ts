import { randomUUID } from 'node:crypto';
import pino from 'pino';
import { createKafka } from '../../runtime/bus/kafka/client.ts';
import { kafkaSettingsSchema } from '../../runtime/bus/kafka/settings.ts';
import { openKafkaBus } from '../../runtime/bus/kafka-bus.ts';
import { systemClock } from '../../runtime/clock.ts';
import { busContract } from '../contract/bus.ts';
import { sharedKafka } from '../engines/shared.ts';

const shared = await sharedKafka();
const logger = pino({ level: process.env['KRIVER_TEST_LOG'] ?? 'silent' });
const partitions = 3;
const topicNames = ['contract.topic', 'contract.other', 'contract.empty'];
/** Short enough for a test that leaves a batch unhandled on purpose. */
const times = { sessionTimeoutMs: 10_000, heartbeatIntervalMs: 500, graceMs: 50 };

busContract('the Kafka bus on a real broker', async () => {
  const topicPrefix = `${randomUUID()}.`;
  const settings = kafkaSettingsSchema.parse({ brokers, topic_prefix: topicPrefix, partitions, replication: 1 });
  const kafka = createKafka({ settings, logger });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({
    topics: topicNames.map((name) => ({
      topic: `${topicPrefix}${name}`,
      numPartitions: partitions,
      configEntries: [
        { name: 'message.timestamp.type', value: 'LogAppendTime' },
        { name: 'max.message.bytes', value: String(4 * 2 ** 20) },
      ],
    })),
  });
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
      await admin.deleteTopics({ topics: topicNames.map((name) => `${topicPrefix}${name}`) });
      await admin.disconnect();
    },
  };
});
