import { dayMs } from '../../../schemas/time.ts';
import type { Retention, Topic } from '../../../schemas/topic.ts';
import { AppError } from '../../errors.ts';
import type { KafkaSettings } from './settings.ts';

/** A topic as Kriver needs it, by its full name. */
export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  readonly replication: number;
  readonly configs: Readonly<Record<string, string>>;
}

/** A topic as it is on the brokers. */
export interface ActualTopic {
  readonly partitions: number;
  /** Of the partition that is on the fewest brokers. */
  readonly replication: number;
  /** What holds, and whether it was set on the topic itself or comes from the brokers. */
  readonly configs: ReadonlyMap<string, { readonly value: string; readonly isOwn: boolean }>;
}

export interface TopicDifference {
  /** `partitions`, `replication` or the name of a topic configuration. */
  readonly setting: string;
  readonly wanted: string;
  readonly actual: string;
  /** False: `applyTopics` leaves it as it is. */
  readonly canApply: boolean;
}

export interface TopicCheck {
  readonly spec: TopicSpec;
  /** Undefined: it does not exist. */
  readonly actual: ActualTopic | undefined;
  readonly differences: readonly TopicDifference[];
}

/**
 * The largest record batch after compression: 2 MiB for values, since one may be 1 MiB that does not compress, and a third
 * more in base64 as a dead letter; and 64 KiB for key and headers, the facts of the event among them.
 */
export const maxMessageBytes = 2 * 2 ** 20 + 64 * 2 ** 10;

/**
 * Only closed segments are compacted, and only closed ones go by age: with the default of a week, records would outlive
 * their days by another week, and snapshots of a quiet topic would never be compacted.
 */
const segmentMs = dayMs;

const retentionConfigs = ({ cleanup, days }: Retention): Record<string, string> =>
  cleanup === 'delete'
    ? // By age alone: a limit on bytes that the brokers have as their default would drop events that folds still need.
      { 'cleanup.policy': 'delete', 'retention.ms': String(days * dayMs), 'retention.bytes': '-1' }
    : {
        'cleanup.policy': 'compact',
        'min.compaction.lag.ms': String(days * dayMs),
        // Brokers wait until half of a log is superseded, which in a quiet one may be never: what was replaced must go.
        'max.compaction.lag.ms': String(2 * days * dayMs),
      };

/** On how many brokers a record is before it is acked: one may be down. */
const minInSync = (replication: number): string => String(Math.max(1, replication - 1));

export const toTopicSpecs = (
  topics: readonly Pick<Topic, 'name' | 'retention'>[],
  settings: Pick<KafkaSettings, 'topic_prefix' | 'partitions' | 'replication'>,
): readonly TopicSpec[] =>
  topics.map(({ name, retention }) => ({
    name: `${settings.topic_prefix}${name}`,
    partitions: settings.partitions,
    replication: settings.replication,
    configs: {
      ...retentionConfigs(retention),
      'segment.ms': String(segmentMs),
      // Age counts from the append, by the broker's clock, and not from what a producer says: old events are new records.
      'message.timestamp.type': 'LogAppendTime',
      'max.message.bytes': String(maxMessageBytes),
      'compression.type': 'producer',
      'min.insync.replicas': minInSync(settings.replication),
    },
  }));

export const compareTopic = (spec: TopicSpec, actual: ActualTopic | undefined): TopicCheck => {
  if (actual === undefined) return { spec, actual, differences: [] };
  const differences: TopicDifference[] = [];
  for (const setting of ['partitions', 'replication'] as const)
    if (spec[setting] !== actual[setting])
      differences.push({ setting, wanted: String(spec[setting]), actual: String(actual[setting]), canApply: false });
  for (const [setting, declared] of Object.entries(spec.configs)) {
    // More than the topic has replicas would refuse every record.
    const wanted =
      setting === 'min.insync.replicas' ? minInSync(Math.min(spec.replication, actual.replication)) : declared;
    const found = actual.configs.get(setting)?.value ?? 'not set';
    if (found !== wanted) differences.push({ setting, wanted, actual: found, canApply: true });
  }
  return { spec, actual, differences };
};

/** What an operator does about a difference that is not applied; undefined for the others. */
export const adviceOn = ({ setting, actual, canApply }: TopicDifference): string | undefined => {
  if (canApply) return undefined;
  return setting === 'partitions'
    ? `The partition of an org follows from their number, so it cannot be changed: set bus.partitions to ${actual}; or choose another bus.topic_prefix, create its topics with \`kriver topics --apply\`, and let Kriver read the orgs anew into them.`
    : `Move the replicas with kafka-reassign-partitions.sh, which comes with Kafka; or set bus.replication to ${actual}.`;
};

/**
 * Why Kriver cannot start on these topics; undefined when it can. A cleanup policy of another kind is among the reasons,
 * because compaction leaves one event an org: they share a key.
 */
export const findTopicError = (checks: readonly TopicCheck[]): AppError | undefined => {
  const missing = checks.filter(({ actual }) => actual === undefined).map(({ spec }) => spec.name);
  if (missing.length > 0)
    return new AppError('configuration-invalid', `These topics do not exist: ${missing.join(', ')}.`, {
      hint: '`kriver topics --apply` creates them.',
    });
  for (const { spec, differences } of checks)
    for (const difference of differences) {
      const { setting, wanted, actual } = difference;
      if (setting !== 'partitions' && setting !== 'cleanup.policy') continue;
      return new AppError(
        'configuration-invalid',
        `The topic ${spec.name} has ${setting} ${actual}, and ${wanted} is configured.`,
        { hint: adviceOn(difference) ?? '`kriver topics --apply` sets it.' },
      );
    }
  return undefined;
};
