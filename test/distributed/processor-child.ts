import { pino } from 'pino';
import type { IndicatorSettings } from '../../processors/indicator.ts';
import { runProcessors } from '../../processors/run-processors.ts';
import { createKafka } from '../../runtime/bus/kafka/client.ts';
import type { GroupTimes } from '../../runtime/bus/kafka/group-member.ts';
import { kafkaSettingsSchema } from '../../runtime/bus/kafka/settings.ts';
import { openKafkaBus } from '../../runtime/bus/kafka-bus.ts';
import { createClickHouseStateStore } from '../../runtime/clickhouse-state-store.ts';
import { systemClock } from '../../runtime/clock.ts';
import { connectServer } from '../../sinks/clickhouse/client.ts';

/** What the process is given, as JSON in its only argument. */
export interface ProcessorOptions {
  readonly brokers: readonly string[];
  readonly prefix: string;
  readonly partitions: number;
  readonly orgs: readonly IndicatorSettings[];
  readonly clickHouse: { readonly url: string; readonly database: string };
  readonly times: GroupTimes;
  readonly saveEveryMs: number;
}

/**
 * The processors' stage as `kriver run --stage processors` composes it, but for sessions so short that a member which was
 * killed is missed within seconds, and for states that are saved as often.
 */
const options = JSON.parse(process.argv[2] ?? '') as ProcessorOptions;
const { brokers, prefix, partitions, orgs, times, saveEveryMs, clickHouse } = options;
const settings = kafkaSettingsSchema.parse({ brokers, topic_prefix: prefix, partitions, replication: 1 });
const logger = pino({ level: 'warn', base: { pid: process.pid } }, pino.destination({ fd: 2, sync: true }));
const stopping = new AbortController();
process.once('SIGTERM', () => stopping.abort());
process.send?.('ready');
process.disconnect?.();

const bus = await openKafkaBus({
  kafka: createKafka({ settings, logger }),
  topicPrefix: prefix,
  partitions,
  schemaIds: async () => new Map(),
  logger,
  clock: systemClock,
  stopping: stopping.signal,
  times,
});
const client = connectServer({ url: clickHouse.url, user: 'default', database: clickHouse.database });
const store = createClickHouseStateStore({ client, bus, clock: systemClock, logger, saveEveryMs });
await runProcessors({ bus, store, orgs, until: 'stopped', signal: stopping.signal });
await store.close();
await client.close();
await bus.close();
