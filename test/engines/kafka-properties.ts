import { join } from 'node:path';

/** How a client reaches the broker, beside plainly: each has a port of its own. */
export const securedListeners = ['sasl', 'tls', 'saslTls', 'mutualTls'] as const;
export type SecuredListener = (typeof securedListeners)[number];

export interface KafkaUser {
  readonly user: string;
  readonly password: string;
}

type Properties = Readonly<Record<string, string | number>>;

const protocols: Readonly<Record<SecuredListener, string>> = {
  sasl: 'SASL_PLAINTEXT',
  tls: 'SSL',
  saslTls: 'SASL_SSL',
  mutualTls: 'SSL',
};

const module = (name: string, options = '') =>
  `org.apache.kafka.common.security.${name}LoginModule required${options};`;

/** The users of PLAIN stand in the configuration; those of SCRAM in the data, put there when it is formatted. */
const toSasl = (prefix: string, users: readonly KafkaUser[]): Properties => ({
  [`${prefix}.sasl.enabled.mechanisms`]: 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
  [`${prefix}.plain.sasl.jaas.config`]: module(
    'plain.Plain',
    users.map(({ user, password }) => ` user_${user}="${password}"`).join(''),
  ),
  [`${prefix}.scram-sha-256.sasl.jaas.config`]: module('scram.Scram'),
  [`${prefix}.scram-sha-512.sasl.jaas.config`]: module('scram.Scram'),
});

const toTls = (prefix: string, tlsDirectory: string, isMutual: boolean): Properties => ({
  [`${prefix}.ssl.keystore.type`]: 'PEM',
  [`${prefix}.ssl.keystore.location`]: join(tlsDirectory, 'broker-store.pem'),
  [`${prefix}.ssl.truststore.type`]: 'PEM',
  [`${prefix}.ssl.truststore.location`]: join(tlsDirectory, 'ca.pem'),
  [`${prefix}.ssl.client.auth`]: isMutual ? 'required' : 'none',
});

const toSecurity = (listener: SecuredListener, users: readonly KafkaUser[], tlsDirectory: string): Properties => {
  const prefix = `listener.name.${listener.toLowerCase()}`;
  return {
    ...(protocols[listener].startsWith('SASL') ? toSasl(prefix, users) : {}),
    ...(protocols[listener].endsWith('SSL') ? toTls(prefix, tlsDirectory, listener === 'mutualTls') : {}),
  };
};

/**
 * One node that is broker and controller. What Kafka's defaults do not serve here: groups start without a wait and take
 * members with short sessions, a broker that was killed is missed within two seconds and not nine, its internal topics
 * have one partition on one broker, and a topic is there when it was created and not when it was asked for.
 */
const toNode = (data: string, controllerPort: number): Properties => ({
  'process.roles': 'broker,controller',
  'node.id': 1,
  'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
  'controller.listener.names': 'CONTROLLER',
  'inter.broker.listener.name': 'PLAINTEXT',
  'log.dirs': data,
  'auto.create.topics.enable': 'false',
  'group.initial.rebalance.delay.ms': 0,
  'group.min.session.timeout.ms': 1_000,
  'broker.session.timeout.ms': 2_000,
  'broker.heartbeat.interval.ms': 400,
  'offsets.topic.num.partitions': 1,
  'offsets.topic.replication.factor': 1,
  'transaction.state.log.num.partitions': 1,
  'transaction.state.log.replication.factor': 1,
  'transaction.state.log.min.isr': 1,
});

/** The text of the broker's `server.properties`. */
export const toServerProperties = (options: {
  readonly directory: string;
  readonly port: number;
  readonly controllerPort: number;
  readonly secured: Readonly<Partial<Record<SecuredListener, number>>>;
  readonly users: readonly KafkaUser[];
}): string => {
  const { directory, port, controllerPort, secured, users } = options;
  const used = securedListeners.flatMap((listener) => {
    const bound = secured[listener];
    return bound === undefined ? [] : [{ listener, address: `${listener.toUpperCase()}://127.0.0.1:${bound}` }];
  });
  const open = [`PLAINTEXT://127.0.0.1:${port}`, ...used.map(({ address }) => address)];
  const security = used.map(({ listener }) => `${listener.toUpperCase()}:${protocols[listener]}`);
  const properties: Properties = {
    ...toNode(join(directory, 'data'), controllerPort),
    listeners: [...open, `CONTROLLER://127.0.0.1:${controllerPort}`].join(','),
    'advertised.listeners': open.join(','),
    'listener.security.protocol.map': ['PLAINTEXT:PLAINTEXT', 'CONTROLLER:PLAINTEXT', ...security].join(','),
    ...Object.assign({}, ...used.map(({ listener }) => toSecurity(listener, users, join(directory, 'tls')))),
  };
  return `${Object.entries(properties)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')}\n`;
};
