import { describe, expect, it } from 'vitest';
import { Secret } from '../../runtime/secret.ts';
import { type BadConfig, good, itRefuses, load, oktaOnly, org } from './bad-config.ts';

const server = 'clickhouse: {kind: server, url: "https://clickhouse.example.com:8443"}';

/** A file with this section, one org, and a ClickHouse that several processes can share. */
const withBus = (bus: string, clickHouse = server): string => `orgs: {${org}}\nbus: {${bus}}\n${clickHouse}\n`;

const brokers = 'kind: kafka, brokers: ["kafka-1.example.com:9092"]';
const password = { ...good, KAFKA_PASSWORD: 'CANARY-password' };
const sasl = 'sasl: {mechanism: plain, user: kriver, password: {token_env: KAFKA_PASSWORD}}';

const badConfigs: readonly BadConfig[] = [
  { what: 'Kafka without brokers', yaml: withBus('kind: kafka'), paths: ['bus.brokers'], hint: /host:port/ },
  {
    what: 'an empty list of brokers',
    yaml: withBus('kind: kafka, brokers: []'),
    paths: ['bus.brokers'],
    hint: /host:port/,
  },
  {
    what: 'a broker without a port',
    yaml: withBus('kind: kafka, brokers: [kafka-1]'),
    paths: ['bus.brokers[0]'],
    hint: /host:port/,
  },
  {
    what: 'brokers as URLs in the environment',
    yaml: `orgs: {${org}}\n${server}`,
    environment: { ...good, KRIVER_KAFKA_BROKERS: 'kafka-1:9092, http://kafka-2:9092' },
    paths: ['KRIVER_KAFKA_BROKERS'],
    hint: /host:port/,
  },
  {
    what: 'brokers of a bus that is not Kafka',
    yaml: withBus('brokers: ["kafka-1:9092"]'),
    paths: ['bus.kind'],
    hint: /kind: kafka/,
  },
  { what: 'a bus that there is not', yaml: withBus('kind: kafak'), paths: ['bus.kind'], hint: /kafka\?/ },
  {
    what: 'an unknown setting of Kafka',
    yaml: withBus(`${brokers}, partition: 3`),
    paths: ['bus.partition'],
    hint: /partitions\?/,
  },
  {
    what: 'no partitions',
    yaml: withBus(`${brokers}, partitions: 0`),
    paths: ['bus.partitions'],
    hint: /cannot be changed/,
  },
  {
    what: 'a prefix that no topic may have',
    yaml: withBus(`${brokers}, topic_prefix: "acme/"`),
    paths: ['bus.topic_prefix'],
    hint: /names of topics/,
  },
  {
    what: 'a Kafka password in the clear',
    yaml: withBus(`${brokers}, ${sasl}`),
    environment: password,
    paths: ['bus.tls.enabled'],
    hint: /ca_file/,
  },
  {
    what: 'one broker of several that is elsewhere, and a password in the clear',
    yaml: withBus(`kind: kafka, brokers: ["127.0.0.1:9092", "127.0.0.1.example.com:9092"], ${sasl}`),
    environment: password,
    paths: ['bus.tls.enabled'],
    hint: /ca_file/,
  },
  {
    what: 'a Kafka password in the file',
    yaml: withBus(`${brokers}, tls: {enabled: true}, sasl: {mechanism: plain, user: kriver, password: CANARY}`),
    paths: ['bus.sasl.password'],
    hint: /read from/,
  },
  {
    what: 'no Kafka password',
    yaml: withBus(`${brokers}, tls: {enabled: true}, sasl: {mechanism: plain, user: kriver}`),
    paths: ['bus.sasl.password'],
    hint: /read from/,
  },
  {
    what: 'a Kafka password that is not set',
    yaml: withBus(`${brokers}, tls: {enabled: true}, ${sasl}`),
    paths: ['bus.sasl.password.token_env'],
    hint: /Set KAFKA_PASSWORD/,
  },
  {
    what: 'a SASL mechanism that there is not',
    yaml: withBus(`${brokers}, tls: {enabled: true}, ${sasl.replace('plain', 'scram-sha-255')}`),
    environment: password,
    paths: ['bus.sasl.mechanism'],
    hint: /scram-sha-256\?/,
  },
  {
    what: 'files for TLS that is off',
    yaml: withBus(`${brokers}, tls: {ca_file: ca.pem}`),
    paths: ['bus.tls.enabled'],
    hint: /remove ca_file/,
  },
  {
    what: 'an authority that is not there',
    yaml: withBus(`${brokers}, tls: {enabled: true, ca_file: gone.pem}`),
    paths: ['bus.tls.ca_file'],
    hint: /PEM file/,
  },
  {
    what: 'a key in the place of a certificate',
    yaml: withBus(`${brokers}, tls: {enabled: true, certificate_file: key.pem, key_file: key.pem}`),
    paths: ['bus.tls.certificate_file'],
    hint: /PEM file/,
  },
  {
    what: 'a certificate without its key',
    yaml: withBus(`${brokers}, tls: {enabled: true, certificate_file: ca.pem}`),
    paths: ['bus.tls.key_file'],
    hint: /both/,
  },
  {
    what: 'the text of a certificate in the file',
    yaml: withBus(`${brokers}, tls: {enabled: true, ca: "-----BEGIN CERTIFICATE-----"}`),
    paths: ['bus.tls.ca'],
    hint: /ca_file/,
  },
  {
    what: 'a registry password in the clear',
    yaml: withBus(
      `${brokers}, registry: {url: "http://registry.example.com", user: k, password: {token_env: KAFKA_PASSWORD}}`,
    ),
    environment: password,
    paths: ['bus.registry.url'],
    hint: /https/,
  },
  {
    what: 'a registry without its URL',
    yaml: withBus(`${brokers}, registry: {}`),
    paths: ['bus.registry.url'],
    hint: /Confluent/,
  },
  {
    what: 'Kafka with the embedded ClickHouse',
    yaml: withBus(brokers, ''),
    paths: ['clickhouse.kind'],
    hint: /kind: server/,
  },
  {
    what: 'Kafka with Draxis and no ClickHouse',
    yaml: `orgs:\n  - ${org}\n    draxis: {}\nbus: {${brokers}}\nclickhouse: {kind: none}`,
    paths: ['orgs[0].draxis'],
    hint: /kind: server/,
  },
];

describe('a bus that is configured wrong', () => {
  itRefuses(badConfigs);
});

describe('a bus that is configured right', () => {
  const busOf = (...given: Parameters<typeof load>) => {
    const result = load(...given);
    expect(result.ok ? [] : result.problems).toEqual([]);
    return result.ok ? result.config.bus : undefined;
  };

  it('is a log in the data directory when nothing is said', () => {
    expect(busOf(`orgs: {${org}}`)).toEqual({ kind: 'lmdb' });
    expect(busOf(withBus('kind: lmdb, brokers: ["kafka-1:9092"]'))).toEqual({ kind: 'lmdb' });
  });

  it('has what Kafka needs: defaults, texts of files, secrets as secrets', () => {
    const tls = 'tls: {enabled: true, ca_file: ca.pem, certificate_file: ca.pem, key_file: key.pem}';
    const registry = 'registry: {url: "https://registry.example.com", user: k, password: {token_env: KAFKA_PASSWORD}}';
    const bus = busOf(withBus(`${brokers}, ${tls}, ${sasl}, ${registry}`), password);

    expect(bus).toMatchObject({
      kind: 'kafka',
      kafka: {
        brokers: ['kafka-1.example.com:9092'],
        client_id: 'kriver',
        topic_prefix: '',
        partitions: 12,
        replication: 3,
        tls: { enabled: true, ca: expect.stringContaining('BEGIN CERTIFICATE'), key: expect.any(Secret) },
        sasl: { mechanism: 'plain', user: 'kriver', password: expect.any(Secret) },
        registry: { url: 'https://registry.example.com', user: 'k', password: expect.any(Secret) },
      },
    });
    const kafka = bus?.kind === 'kafka' ? bus.kafka : undefined;
    expect(kafka?.sasl?.password.reveal()).toBe('CANARY-password');
    expect(kafka?.tls.key?.reveal()).toContain('BEGIN PRIVATE KEY');
    expect(JSON.stringify(bus)).not.toContain('CANARY');
  });

  it.each(['localhost', '127.0.0.1', '127.1.2.3', '[::1]'])(
    'may send a password in the clear to this machine: %s',
    (host) => {
      expect(busOf(withBus(`kind: kafka, brokers: ["${host}:9092"], ${sasl}`), password)).toMatchObject({
        kind: 'kafka',
      });
    },
  );

  it('takes brokers from the environment before those of the file', () => {
    const environment = { ...good, KRIVER_KAFKA_BROKERS: 'kafka-1:9092, kafka-2:9092' };
    const expected = { kind: 'kafka', kafka: { brokers: ['kafka-1:9092', 'kafka-2:9092'], partitions: 3 } };

    expect(busOf(withBus('partitions: 3'), environment)).toMatchObject(expected);
    expect(busOf(withBus(`${brokers}, partitions: 3`), environment)).toMatchObject(expected);
  });

  it('goes with no ClickHouse where nothing is pushed', () => {
    expect(busOf(withBus(brokers, 'clickhouse: {kind: none}'), oktaOnly)).toMatchObject({ kind: 'kafka' });
  });
});
