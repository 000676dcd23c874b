import { GenericContainer, getContainerRuntimeClient, type StartedTestContainer } from 'testcontainers';
import { afterAll, test } from 'vitest';
import { freePort } from '../engines/free-port.ts';
import { kafkaBusContract } from './kafka-contract.ts';

const image = 'apache/kafka:4.3.1';

/** Why there is no container here; undefined when there can be one. */
const whyNone = async (): Promise<string | undefined> => {
  try {
    await getContainerRuntimeClient();
    return undefined;
  } catch (error) {
    return `no container engine answers: ${error instanceof Error ? error.message : String(error)}`;
  }
};

/** Kafka tells clients where it is, so its port outside has to be known before it starts. */
const start = async (port: number): Promise<StartedTestContainer> => {
  const listeners = { 'PLAINTEXT://': port, 'CONTROLLER://': 9_093 };
  return new GenericContainer(image)
    .withExposedPorts({ container: port, host: port })
    .withEnvironment({
      KAFKA_NODE_ID: '1',
      KAFKA_PROCESS_ROLES: 'broker,controller',
      KAFKA_LISTENERS: Object.entries(listeners)
        .map(([name, at]) => `${name}0.0.0.0:${at}`)
        .join(','),
      KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://127.0.0.1:${port}`,
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
      KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
      KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
      KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS: '1',
      KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
    })
    .start();
};

const reason = await whyNone();
if (reason !== undefined) test(`the Kafka bus keeps the contract on ${image}`, ({ skip }) => skip(reason));
else {
  const port = await freePort();
  const container = await start(port);
  afterAll(() => container.stop());
  kafkaBusContract(`the Kafka bus on ${image}`, [`127.0.0.1:${port}`]);
}
