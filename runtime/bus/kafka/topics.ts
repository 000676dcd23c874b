import kafkajs, { type Admin } from 'kafkajs';
import type { Clock } from '../../clock.ts';
import { AppError } from '../../errors.ts';
import { toBusError } from './kafka-error.ts';
import { type ActualTopic, compareTopic, type TopicCheck, type TopicSpec } from './topic-spec.ts';

// Node finds only the first exports of this CommonJS package by name.
const { ConfigResourceTypes, ConfigSource } = kafkajs;

type Configs = ActualTopic['configs'];

/** Asked of all topics that there are: a question about one that does not exist creates it where brokers allow that. */
const readShapes = async (admin: Admin, names: ReadonlySet<string>) => {
  const { topics } = await admin.fetchTopicMetadata();
  return topics.filter(({ name }) => names.has(name));
};

const readConfigs = async (admin: Admin, names: readonly string[]): Promise<ReadonlyMap<string, Configs>> => {
  const found = new Map<string, Configs>();
  if (names.length === 0) return found;
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: names.map((name) => ({ type: ConfigResourceTypes.TOPIC, name })),
  });
  for (const { resourceName, configEntries } of resources)
    found.set(
      resourceName,
      new Map(
        configEntries.map(({ configName, configValue, configSource }) => [
          configName,
          { value: configValue, isOwn: configSource === ConfigSource.TOPIC_CONFIG },
        ]),
      ),
    );
  return found;
};

/** How the topics on the brokers differ from what is needed. Changes nothing. Throws what kafkajs throws. */
export const checkTopics = async (admin: Admin, specs: readonly TopicSpec[]): Promise<readonly TopicCheck[]> => {
  const shapes = await readShapes(admin, new Set(specs.map(({ name }) => name)));
  const configs = await readConfigs(
    admin,
    shapes.map(({ name }) => name),
  );
  return specs.map((spec) => {
    const shape = shapes.find(({ name }) => name === spec.name);
    if (shape === undefined) return compareTopic(spec, undefined);
    return compareTopic(spec, {
      partitions: shape.partitions.length,
      replication: Math.min(...shape.partitions.map(({ replicas }) => replicas.length)),
      configs: configs.get(spec.name) ?? new Map(),
    });
  });
};

/** Brokers answer before all of them know of a change. */
const settleAttempts = 20;
const settleMs = 250;

const isSettled = (checks: readonly TopicCheck[]): boolean =>
  checks.every(({ actual, differences }) => actual !== undefined && !differences.some(({ canApply }) => canApply));

/**
 * Creates the topics that are missing and sets the configurations that differ, and gives what differs still: partitions
 * and replication stay as they are. Throws `configuration-invalid` for more replicas than there are brokers, `bus-refused`
 * for what the brokers do not allow, otherwise what kafkajs throws.
 */
export const applyTopics = async (
  admin: Admin,
  specs: readonly TopicSpec[],
  clock: Clock,
): Promise<readonly TopicCheck[]> => {
  let checks = await checkTopics(admin, specs);
  await change(admin, checks);
  for (let attempt = 1; attempt <= settleAttempts; attempt += 1) {
    checks = await checkTopics(admin, specs);
    if (isSettled(checks)) break;
    await clock.sleep(settleMs);
  }
  return checks;
};

const change = async (admin: Admin, checks: readonly TopicCheck[]): Promise<void> => {
  const missing = checks.filter(({ actual }) => actual === undefined).map(({ spec }) => spec);
  if (missing.length > 0) await createTopics(admin, missing);
  const resources = checks.flatMap(({ spec, actual, differences }) => {
    const changes = differences.filter(({ canApply }) => canApply);
    if (actual === undefined || changes.length === 0) return [];
    const configEntries = toEntries(merge(actual.configs, changes));
    return [{ type: ConfigResourceTypes.TOPIC, name: spec.name, configEntries }];
  });
  if (resources.length > 0) await admin.alterConfigs({ validateOnly: false, resources });
};

/** The request of kafkajs replaces all configurations of a topic: those that an operator has set are sent along. */
const merge = (configs: Configs, changes: TopicCheck['differences']): ReadonlyMap<string, string> => {
  const own = [...configs].filter(([, { isOwn }]) => isOwn).map(([name, { value }]) => [name, value] as const);
  return new Map([...own, ...changes.map(({ setting, wanted }) => [setting, wanted] as const)]);
};

const toEntries = (configs: Iterable<readonly [string, string]>) =>
  [...configs].map(([name, value]) => ({ name, value }));

const createTopics = async (admin: Admin, specs: readonly TopicSpec[]): Promise<void> => {
  try {
    await admin.createTopics({
      waitForLeaders: false,
      topics: specs.map(({ name, partitions, replication, configs }) => ({
        topic: name,
        numPartitions: partitions,
        replicationFactor: replication,
        configEntries: toEntries(Object.entries(configs)),
      })),
    });
  } catch (error) {
    throw toCreateError(error);
  }
};

interface CreateError extends Error {
  readonly type?: string;
  readonly topic?: string;
}

/** kafkajs throws one error for all topics; the first of another kind than "exists" says what is wrong. */
const toCreateError = (error: unknown): AppError => {
  const all = ((error as { errors?: readonly CreateError[] }).errors ?? [error]) as readonly CreateError[];
  const first = all.find(({ type }) => type !== 'TOPIC_ALREADY_EXISTS') ?? all[0];
  const what =
    first?.topic === undefined ? 'The topics cannot be created' : `The topic ${first.topic} cannot be created`;
  if (first?.type === 'INVALID_REPLICATION_FACTOR')
    return new AppError('configuration-invalid', `${what}: there are fewer brokers than bus.replication says.`, {
      hint: 'Set bus.replication to at most the number of brokers. For a single one that is 1.',
      cause: error,
    });
  if (first?.type === 'INVALID_CONFIG' || first?.type === 'POLICY_VIOLATION')
    return new AppError('bus-refused', `${what}: ${first.message}`, {
      hint: 'The brokers do not allow a configuration that Kriver needs: `kriver topics` lists them all. Ask whoever runs the brokers.',
      cause: error,
    });
  return toBusError(what, first ?? error);
};
