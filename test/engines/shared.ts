import { get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { inject } from 'vitest';
import type { Available } from './fetch-engines.ts';
import type { KafkaUser, SecuredListener } from './kafka-properties.ts';
import type { KafkaTls } from './kafka-tls.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where the run's engines are asked for; test/engines/global-setup.ts answers there. */
    enginesUrl: string;
  }
}

export interface SharedKafka {
  readonly brokers: readonly string[];
  /** The broker as host:port for each way of signing in or encrypting. */
  readonly secured: Readonly<Partial<Record<SecuredListener, string>>>;
  /** Who may sign in, with PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512. */
  readonly user: KafkaUser;
  readonly tls?: KafkaTls;
}

export interface SharedRegistry {
  /** The root of its Confluent API. */
  readonly url: string;
}

export interface SharedClickHouse {
  readonly url: string;
}

/** Node's own HTTP, because it waits for as long as it takes: the first who asks may wait for a download. */
const ask = async <T>(path: string): Promise<Available<T>> => {
  const url: string | undefined = inject('enginesUrl');
  if (url === undefined) throw new Error('the configuration of vitest lacks test/engines/global-setup.ts');
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(`${url}${path}`, resolve).once('error', reject);
  });
  const body = await text(response);
  if (response.statusCode !== 200) throw new Error(body);
  return JSON.parse(body);
};

/**
 * The Kafka that all tests of the run share: use names of your own for topics and groups. The first call starts it, which
 * may take as long as a download, so call it at the top of a test file, where vitest sets no time limit:
 *
 *     const kafka = await sharedKafka();
 *     test('reads what was sent', async ({ skip }) => {
 *       const { brokers } = orSkip(kafka, skip);
 */
export const sharedKafka = (): Promise<Available<SharedKafka>> => ask('/kafka');

/** The schema registry that all tests of the run share; as `sharedKafka`. Use subjects of your own. */
export const sharedRegistry = (): Promise<Available<SharedRegistry>> => ask('/registry');

/** The ClickHouse server that all tests of the run share; as `sharedKafka`. Use a database of your own. */
export const sharedClickHouse = (): Promise<Available<SharedClickHouse>> => ask('/clickhouse');

/** The engine, or the test is skipped with the reason why there is none. */
export const orSkip = <T>(engine: Available<T>, skip: (reason: string) => never): T =>
  engine.available ? engine : skip(engine.reason);
