import { pino } from 'pino';
import type { Bus } from '../../runtime/bus/bus.ts';
import { withAdmin } from '../../runtime/bus/kafka/admin.ts';
import { createKafka } from '../../runtime/bus/kafka/client.ts';
import { kafkaSettingsSchema } from '../../runtime/bus/kafka/settings.ts';
import { toTopicSpecs } from '../../runtime/bus/kafka/topic-spec.ts';
import { applyTopics } from '../../runtime/bus/kafka/topics.ts';
import { openKafkaBus } from '../../runtime/bus/kafka-bus.ts';
import { createClickHouseStateStore } from '../../runtime/clickhouse-state-store.ts';
import { systemClock } from '../../runtime/clock.ts';
import { topics } from '../../schemas/topics.ts';
import { connectServer } from '../../sinks/clickhouse/client.ts';

/** Where one measurement takes place: topics under a prefix of their own, and a database for state. */
export interface Place {
  readonly brokers: readonly string[];
  readonly clickHouseUrl: string;
  readonly prefix: string;
  readonly orgs: readonly string[];
}

export const logger = pino({ level: process.env['KRIVER_BENCH_LOG'] ?? 'silent' });

/** As a registry would give them; values are framed as they are with one. */
export const schemaIds = new Map(topics.map(({ name }, index) => [name, index + 1]));

const settingsOf = ({ brokers, prefix }: Place) =>
  kafkaSettingsSchema.parse({ brokers, topic_prefix: prefix, replication: 1 });

export const openClient = (place: Place) => createKafka({ settings: settingsOf(place), logger });

export const openBus = (place: Place): Promise<Bus> =>
  openKafkaBus({
    kafka: openClient(place),
    topicPrefix: place.prefix,
    partitions: settingsOf(place).partitions,
    schemaIds: async () => schemaIds,
    logger,
    clock: systemClock,
    stopping: new AbortController().signal,
  });

export const connectClickHouse = ({ clickHouseUrl }: Pick<Place, 'clickHouseUrl'>) =>
  connectServer({ url: clickHouseUrl, user: 'default', database: 'default' });

/** The parts of a `kriver run --stage processors`: the bus, and state in ClickHouse. */
export const openProcessors = async (place: Place) => {
  const bus = await openBus(place);
  const client = connectClickHouse(place);
  const store = createClickHouseStateStore({ client, bus, clock: systemClock, logger });
  const close = async (): Promise<void> => {
    await store.close();
    await client.close();
    await bus.close();
  };
  return { bus, client, store, close };
};

export const createTopics = async (place: Place): Promise<void> => {
  const where = { kafka: openClient(place), clock: systemClock, what: 'The topics cannot be made' };
  await withAdmin(where, (admin) => applyTopics(admin, toTopicSpecs(topics, settingsOf(place)), systemClock));
};
