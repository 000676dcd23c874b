import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Kafka as Client, logLevel } from 'kafkajs';
import { createEngine, type Engine } from './engine.ts';
import type { KafkaFiles } from './fetch-engines.ts';
import { freePort } from './free-port.ts';
import { type KafkaUser, type SecuredListener, toServerProperties } from './kafka-properties.ts';
import { type KafkaTls, makeTls } from './kafka-tls.ts';
import { runTool, whyNoTool } from './tools.ts';

export interface Kafka extends Engine {
  /** Where it answers plainly: no TLS, no users. */
  readonly brokers: readonly string[];
  /** The broker as host:port of each listener that was asked for. */
  readonly secured: Readonly<Partial<Record<SecuredListener, string>>>;
  /** What clients of the listeners with TLS need; missing when none was asked for. */
  readonly tls?: KafkaTls;
}

const log4j = `-Dlog4j2.configurationFile=${fileURLToPath(new URL('./kafka-log4j2.properties', import.meta.url))}`;
const clusterId = 'a3JpdmVyLWVuZ2luZXMtMQ';
const scramMechanisms = ['SCRAM-SHA-256', 'SCRAM-SHA-512'];

/** Writes the node's identity, and the users of SCRAM, into data that has none yet. */
const format = async (files: KafkaFiles, properties: string, users: readonly KafkaUser[]): Promise<void> => {
  const scram = users.flatMap(({ user, password }) =>
    scramMechanisms.flatMap((mechanism) => ['--add-scram', `${mechanism}=[name=${user},password=${password}]`]),
  );
  const quick = ['-Xmx128m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', log4j, '-cp', join(files.jars, '*')];
  const what = ['format', '--cluster-id', clusterId, '--config', properties, ...scram];
  await runTool('java', [...quick, 'kafka.tools.StorageTool', ...what]);
};

/**
 * The broker answers and its coordinator of groups has loaded what it knows: before that, a consumer that joins is told
 * to come again, and kafkajs crashes it once. All groups live in one partition, so that asking for any of them is enough.
 */
const askCoordinator = async (brokers: readonly string[]): Promise<void> => {
  const client = new Client({
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1_000,
    retry: { retries: 0 },
  });
  const admin = client.admin();
  try {
    await admin.connect();
    await admin.describeCluster();
    await admin.fetchOffsets({ groupId: 'engines-are-ready' });
  } finally {
    await admin.disconnect();
  }
};

export interface KafkaOptions {
  /** The plain listener's; any free one when missing. */
  readonly port?: number;
  readonly secured?: readonly SecuredListener[];
  /** For the listeners `sasl` and `saslTls`. Taken up when the directory is new. */
  readonly users?: readonly KafkaUser[];
}

/**
 * Starts a Kafka of one node on loopback: a plain listener, and those of `secured` each on a port of its own. The users
 * may sign in with PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512 alike. Rejects with the end of its log.
 */
export const startKafka = async (
  options: KafkaOptions & { readonly files: KafkaFiles; readonly directory: string },
): Promise<Kafka> => {
  const { files, directory, secured = [], users = [] } = options;
  const port = options.port ?? (await freePort());
  const controllerPort = await freePort();
  const ports: Partial<Record<SecuredListener, number>> = {};
  for (const listener of secured) ports[listener] = await freePort();

  const needsTls = secured.some((listener) => listener !== 'sasl');
  const noOpenssl = needsTls ? await whyNoTool('openssl', "to make certificates for Kafka's listeners") : undefined;
  if (noOpenssl !== undefined) throw new Error(noOpenssl);
  const tls = needsTls ? await makeTls(join(directory, 'tls')) : undefined;
  const brokers = [`127.0.0.1:${port}`];
  const properties = join(directory, 'server.properties');
  const engine = createEngine({
    name: 'kafka',
    directory,
    program: 'java',
    args: ['-Xms256m', '-Xmx512m', log4j, '-cp', join(files.jars, '*'), 'kafka.Kafka', properties],
    prepare: async () => {
      await writeFile(properties, toServerProperties({ directory, port, controllerPort, secured: ports, users }));
      if (!existsSync(join(directory, 'data', 'meta.properties'))) await format(files, properties, users);
    },
    isReady: () => askCoordinator(brokers),
  });
  await engine.start();
  const addresses = Object.fromEntries(Object.entries(ports).map(([name, bound]) => [name, `127.0.0.1:${bound}`]));
  return { ...engine, brokers, secured: addresses, ...(tls === undefined ? {} : { tls }) };
};
