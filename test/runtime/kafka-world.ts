import { randomUUID } from 'node:crypto';
import type { Admin, ITopicConfig, Kafka } from 'kafkajs';
import pino from 'pino';
import type { Assignment, Batch, Bus, BusRecord } from '../../runtime/bus/bus.ts';
import { createKafka, type KafkaLogger } from '../../runtime/bus/kafka/client.ts';
import type { GroupTimes } from '../../runtime/bus/kafka/group-member.ts';
import { kafkaSettingsSchema } from '../../runtime/bus/kafka/settings.ts';
import { openKafkaBus } from '../../runtime/bus/kafka-bus.ts';
import { systemClock } from '../../runtime/clock.ts';

/** A session short enough to wait for, and long enough for a busy machine. */
export const shortTimes: GroupTimes = { sessionTimeoutMs: 4_000, heartbeatIntervalMs: 200, graceMs: 50 };

/** Creates topics; resolves when the broker serves every partition, before which it refuses some and takes others. */
export const createServedTopics = async (admin: Admin, topics: readonly ITopicConfig[]): Promise<void> => {
  await admin.createTopics({ waitForLeaders: false, topics: [...topics] });
  for (const { topic: name } of topics)
    for (;;)
      try {
        await admin.fetchTopicOffsets(name);
        break;
      } catch {
        await systemClock.sleep(50);
      }
};

/** A logger, and every line that it wrote. */
export const createLog = () => {
  const lines: string[] = [];
  const logger: KafkaLogger = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) });
  return { logger, text: () => lines.join('') };
};

/** Bytes that no codec makes smaller, the same at each run. */
export const noise = (bytes: number): Buffer => {
  const value = Buffer.alloc(bytes);
  for (let i = 0, seed = 7; i < bytes; i += 1) {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    value[i] = seed >>> 24;
  }
  return value;
};

export const topic = 'records';

/** A bus on topics of its own: `records`, and names for whatever else a test makes. */
export const createKafkaWorld = async (options: {
  brokers: readonly string[];
  partitions: number;
  topicPrefix?: string;
  configs?: Readonly<Record<string, string>>;
  times?: GroupTimes;
}) => {
  const { brokers, partitions, topicPrefix = `${randomUUID()}.`, configs = {}, times = shortTimes } = options;
  const settings = kafkaSettingsSchema.parse({ brokers, topic_prefix: topicPrefix, partitions, replication: 1 });
  const log = createLog();
  const stopping = new AbortController();
  const buses: Bus[] = [];
  const kafka: Kafka = createKafka({ settings, logger: log.logger });
  const admin: Admin = kafka.admin();
  await admin.connect();
  const topicName = `${topicPrefix}${topic}`;
  const createTopic = () =>
    createServedTopics(admin, [
      {
        topic: topicName,
        numPartitions: partitions,
        configEntries: Object.entries(configs).map(([name, value]) => ({ name, value })),
      },
    ]);
  if (options.topicPrefix === undefined) await createTopic();
  const openBus = async (): Promise<Bus> => {
    const bus = await openKafkaBus({
      kafka: createKafka({ settings, logger: log.logger }),
      topicPrefix,
      partitions,
      schemaIds: async () => new Map(),
      logger: log.logger,
      clock: systemClock,
      stopping: stopping.signal,
      times,
    });
    buses.push(bus);
    return bus;
  };
  const bus = await openBus();
  /** An org of each partition. */
  const orgs = Array.from({ length: partitions }, (_, partition) => {
    for (let n = 0; ; n += 1) if (bus.partitionOf(`org-${n}`) === partition) return `org-${n}`;
  });
  const publish = (partition: number, ...values: readonly string[]) =>
    bus.publish(values.map((value) => ({ topic, org: orgs[partition] ?? '', key: 'k', value: Buffer.from(value) })));
  const close = async () => {
    stopping.abort();
    await Promise.all(buses.map((opened) => opened.close()));
    await admin.disconnect();
  };
  return { bus, openBus, topicPrefix, topicName, admin, log, orgs, publish, createTopic, close };
};

export type KafkaWorld = Awaited<ReturnType<typeof createKafkaWorld>>;

export const textsOf = (records: readonly BusRecord[]): string[] => records.map(({ value }) => value.toString());

/** A member of a group that handles what it gets and remembers it, until it stops. */
export const runMember = (
  bus: Bus,
  group: string,
  options: {
    handle?: (batch: Batch, assignment: Assignment) => Promise<void>;
    from?: (partition: number) => number | undefined;
  } = {},
) => {
  const stop = new AbortController();
  const assignments: Assignment[] = [];
  const seen: string[] = [];
  let failed: (error: unknown) => void = () => {};
  const failure = new Promise<unknown>((resolve) => {
    failed = resolve;
  });
  const follow = async (assignment: Assignment): Promise<void> => {
    const from = options.from?.(assignment.partition);
    for await (const batch of assignment.batches(from === undefined ? {} : { from })) {
      await options.handle?.(batch, assignment);
      if (assignment.signal.aborted) return;
      seen.push(...textsOf(batch.records));
      await batch.ack();
    }
  };
  const running = (async () => {
    const following: Promise<void>[] = [];
    try {
      for await (const assignment of bus.consume({ topic, group, signal: stop.signal })) {
        assignments.push(assignment);
        following.push(follow(assignment).catch(failed));
      }
    } catch (error) {
      failed(error);
    }
    await Promise.all(following);
  })();
  return {
    assignments,
    seen,
    /** The first error of the consumption or of one of its partitions. */
    failure,
    partitions: () =>
      assignments
        .filter(({ signal }) => !signal.aborted)
        .map(({ partition }) => partition)
        .sort((a, b) => a - b),
    stop: async () => {
      stop.abort();
      await running;
    },
  };
};
