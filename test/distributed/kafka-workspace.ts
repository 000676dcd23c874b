import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { requireConfig } from '../../cli/config/load.ts';
import { openDistributed } from '../../cli/distributed.ts';
import { createLogger } from '../../cli/logger.ts';
import { toRetainedTopics } from '../../cli/retained-topics.ts';
import type { Stage } from '../../cli/stage.ts';
import { runStages } from '../../cli/stages.ts';
import { withAdmin } from '../../runtime/bus/kafka/admin.ts';
import { createKafka } from '../../runtime/bus/kafka/client.ts';
import { toTopicSpecs } from '../../runtime/bus/kafka/topic-spec.ts';
import { applyTopics } from '../../runtime/bus/kafka/topics.ts';
import { systemClock } from '../../runtime/clock.ts';
import { connectServer } from '../../sinks/clickhouse/client.ts';
import { createWorkspace } from '../e2e/in-process.ts';
import { oktaToken } from '../e2e/simulated-org.ts';

export interface Engines {
  readonly brokers: readonly string[];
  readonly registryUrl: string;
  readonly clickHouseUrl: string;
}

/** A database of its own on the server, dropped by `drop`. */
export const createDatabase = async (url: string) => {
  const database = `kriver_distributed_${randomUUID().replaceAll('-', '')}`;
  const run = async (query: string): Promise<void> => {
    const client = connectServer({ url, user: 'default', database: 'default' });
    await client.command({ query });
    await client.close();
  };
  await run(`CREATE DATABASE ${database}`);
  return { database, drop: () => run(`DROP DATABASE ${database}`) };
};

/**
 * A directory with a kriver.yaml whose stages run on these engines: topics under a prefix of its own, a database of its
 * own. `settings` replaces whole sections but for `bus`, which it adds to.
 */
export const createKafkaWorkspace = async (
  { brokers, registryUrl, clickHouseUrl }: Engines,
  settings: Readonly<Record<string, unknown>> & { readonly bus?: Readonly<Record<string, unknown>> } = {},
) => {
  const { database, drop } = await createDatabase(clickHouseUrl);
  const bus = {
    kind: 'kafka',
    brokers,
    topic_prefix: `${randomUUID()}.`,
    partitions: 3,
    replication: 1,
    registry: { url: registryUrl },
    ...settings.bus,
  };
  const clickhouse = { kind: 'server', url: clickHouseUrl, database };
  const workspace = createWorkspace({ clickhouse, ...settings, bus });
  return {
    ...workspace,
    prefix: bus.topic_prefix,
    database,
    /** The rows of a statement, as JSON values. */
    rows: async <Row>(query: string): Promise<readonly Row[]> => {
      const client = connectServer({ url: clickHouseUrl, user: 'default', database });
      const found = await (await client.query({ query, format: 'JSONEachRow' })).json<Row>();
      await client.close();
      return found;
    },
    settings: () => parse(readFileSync(join(workspace.directory, 'kriver.yaml'), 'utf8')) as Record<string, unknown>,
    remove: async (): Promise<void> => {
      workspace.remove();
      await drop();
    },
  };
};

export type KafkaWorkspace = Awaited<ReturnType<typeof createKafkaWorkspace>>;

const openConfig = ({ directory, data }: Pick<KafkaWorkspace, 'directory' | 'data'>) => {
  const config = requireConfig({
    dataDirectory: data,
    environment: { KRIVER_OKTA_TOKEN: oktaToken, KRIVER_ALLOW_LOOPBACK: '1' },
    workingDirectory: directory,
  });
  if (config.bus.kind !== 'kafka') throw new Error('the workspace has no Kafka');
  const logger = createLogger({ level: 'warn', pretty: false, colour: false, write: () => {} });
  return { config, settings: config.bus.kafka, logger };
};

/** What `kriver topics --apply` does. */
export const makeTopics = async (workspace: KafkaWorkspace): Promise<void> => {
  const { config, settings, logger } = openConfig(workspace);
  const kafka = createKafka({ settings, logger });
  await withAdmin({ kafka, clock: systemClock, what: 'no topics' }, async (admin) => {
    await applyTopics(admin, toTopicSpecs(toRetainedTopics(config), settings), systemClock);
  });
};

/** One process's worth of stages, in this process: started at once, ended in order. Without stages only its bus is open. */
export const startMember = async (workspace: KafkaWorkspace, stages: readonly Stage[]) => {
  const { config, settings, logger } = openConfig(workspace);
  const stop = new AbortController();
  const options = { config, settings, stages, clock: systemClock, logger, stopping: stop.signal };
  const parts = await openDistributed(options);
  const running = runStages(parts, stop.signal);
  running.catch(() => {});
  return {
    bus: parts.bus,
    kafka: createKafka({ settings, logger }),
    end: async (): Promise<void> => {
      stop.abort();
      try {
        await running;
      } finally {
        await parts.close();
      }
    },
  };
};
