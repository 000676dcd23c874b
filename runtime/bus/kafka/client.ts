import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import kafkajs, { type ISocketFactory, type Kafka as KafkaClient, type LogEntry, type SASLOptions } from 'kafkajs';
import type { Logger } from 'pino';
import { registerCodecs } from './codecs.ts';
import type { KafkaSettings } from './settings.ts';

// Node finds only the first exports of this CommonJS package by name.
const { Kafka, logLevel } = kafkajs;

export type KafkaLogger = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;

/**
 * What kafkajs retries by itself: one request, over a broker's restart or a change of leader. What takes longer is tried
 * again where it is known what waits for it: the producer's queue, the consumer's restart.
 */
const requestRetry = { initialRetryTime: 100, maxRetryTime: 2_000, factor: 0.2, multiplier: 2, retries: 5 } as const;

const toSasl = (sasl: NonNullable<KafkaSettings['sasl']>): SASLOptions => ({
  mechanism: sasl.mechanism,
  username: sasl.user,
  password: sasl.password.reveal(),
});

const toSsl = (tls: KafkaSettings['tls']) => ({
  ...(tls.ca === undefined ? {} : { ca: [tls.ca] }),
  ...(tls.certificate === undefined ? {} : { cert: tls.certificate }),
  ...(tls.key === undefined ? {} : { key: tls.key.reveal() }),
});

/**
 * What kafkajs calls an error is mostly a step of its own recovery, so it is logged a level lower; what ends a stage is
 * thrown, and logged there. Only its message goes out: the rest of an entry holds whole requests.
 */
const toLogCreator = (logger: KafkaLogger) => () => (entry: LogEntry) => {
  const { message, groupId, broker, error, topic, partition } = entry.log;
  const where = { component: 'kafka', groupId, broker, topic, partition, error };
  if (entry.level <= logLevel.ERROR) logger.warn(where, message);
  else if (entry.level === logLevel.WARN) logger.info(where, message);
  else logger.debug(where, message);
};

const keepAliveMs = 60_000;

/** As kafkajs connects by itself. */
const connect: ISocketFactory = ({ host, port, ssl, onConnect }) => {
  const name = isIP(host) === 0 ? { servername: host } : {};
  // kafkajs declares `ssl` as always given; without TLS there is none.
  const socket = ssl ? connectTls({ host, port, ...name, ...ssl }, onConnect) : connectPlain({ host, port }, onConnect);
  return socket.setKeepAlive(true, keepAliveMs);
};

const connections = new WeakMap<KafkaClient, Set<Socket>>();

/**
 * Ends what a client still has open after everything that used it was disconnected: while brokers restart, kafkajs now and
 * then forgets a connection, and with it the process would live for ever.
 */
export const closeConnections = (kafka: KafkaClient): void => {
  for (const socket of connections.get(kafka) ?? []) socket.destroy(new Error('the bus is closed'));
};

/**
 * The one place where kafkajs is configured. Nothing connects here. Only files of this folder import kafkajs, so that
 * another client can take its place.
 */
export const createKafka = (options: { settings: KafkaSettings; logger: KafkaLogger }): KafkaClient => {
  const { settings, logger } = options;
  registerCodecs();
  const sockets = new Set<Socket>();
  const kafka = new Kafka({
    brokers: [...settings.brokers],
    clientId: settings.client_id,
    ...(settings.tls.enabled ? { ssl: toSsl(settings.tls) } : {}),
    ...(settings.sasl === undefined ? {} : { sasl: toSasl(settings.sasl) }),
    connectionTimeout: 5_000,
    authenticationTimeout: 10_000,
    requestTimeout: 30_000,
    retry: requestRetry,
    logLevel: logLevel.INFO,
    logCreator: toLogCreator(logger),
    socketFactory: (wanted) => {
      const socket = connect(wanted);
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      return socket;
    },
  });
  connections.set(kafka, sockets);
  return kafka;
};
