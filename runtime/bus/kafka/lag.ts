import kafkajs, { type Admin, type GroupDescription } from 'kafkajs';
import { toGroupId } from '../kafka-bus.ts';

// Node finds only the first exports of this CommonJS package by name.
const { AssignerProtocol } = kafkajs;

/** One group on one partition, by the plain names of group and topic. */
export interface LagSubject {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
}

export interface Lag {
  /**
   * Offsets from the first record that the group has not acked to the end. In a compacted topic that is more than there
   * are records: removed ones keep their offsets.
   */
  readonly offsets: number;
  /** How long the oldest record that was not acked has been there; 0 when there is none. Undefined: the broker does not say. */
  readonly behindMs: number | undefined;
  /** Undefined: no process has the partition. */
  readonly owner: LagOwner | undefined;
}

export interface LagOwner {
  /** What the group knows the process by. */
  readonly member: string;
  readonly host: string;
}

/** Who has which partition of a topic, as the last rebalance of its group left it. During one, nobody has any. */
const toOwners = ({ members }: GroupDescription, topicName: string): ReadonlyMap<number, LagOwner> => {
  const owners = new Map<number, LagOwner>();
  for (const { memberId, clientHost, memberAssignment } of members) {
    const assignment = AssignerProtocol.MemberAssignment.decode(memberAssignment)?.assignment ?? {};
    for (const partition of assignment[topicName] ?? [])
      owners.set(partition, { member: memberId, host: clientHost.replace(/^\//, '') });
  }
  return owners;
};

/** The value of each distinct key, asked for once, all side by side. */
const askEach = async <Answer>(
  keys: Iterable<string>,
  ask: (key: string) => Promise<Answer>,
): Promise<ReadonlyMap<string, Answer>> =>
  new Map(await Promise.all([...new Set(keys)].map(async (key) => [key, await ask(key)] as const)));

/**
 * How far behind groups are, in the order asked. The topics have to exist: a question about one that does not creates it
 * where brokers allow that. Throws what kafkajs throws.
 */
export const readLag = async (options: {
  admin: Admin;
  prefix: string;
  subjects: readonly LagSubject[];
  /** When the first record at or after an offset was appended, by the full name of the topic. */
  appendedAt: (topicName: string, partition: number, offset: number) => Promise<number | undefined>;
  now: number;
}): Promise<readonly Lag[]> => {
  const { admin, prefix, subjects, appendedAt, now } = options;
  const named = subjects.map(({ group, topic, partition }) => ({
    topicName: `${prefix}${topic}`,
    groupId: toGroupId(prefix, group, topic),
    partition,
  }));
  const bounds = await askEach(
    named.map(({ topicName }) => topicName),
    (topicName) => admin.fetchTopicOffsets(topicName),
  );
  const topicOfGroup = new Map(named.map(({ groupId, topicName }) => [groupId, topicName]));
  const committed = await askEach(topicOfGroup.keys(), async (groupId) => {
    const [found] = await admin.fetchOffsets({ groupId, topics: [topicOfGroup.get(groupId) ?? ''] });
    return found?.partitions ?? [];
  });
  const { groups } = await admin.describeGroups([...topicOfGroup.keys()]);
  const owners = new Map(
    groups.map((group) => [group.groupId, toOwners(group, topicOfGroup.get(group.groupId) ?? '')]),
  );

  return Promise.all(
    named.map(async ({ topicName, groupId, partition }) => {
      const bound = bounds.get(topicName)?.find((entry) => entry.partition === partition);
      const saved = committed.get(groupId)?.find((entry) => entry.partition === partition)?.offset ?? '-1';
      // What retention removed before it was read is not waiting any more.
      const next = Math.max(Number(saved), Number(bound?.low ?? 0));
      const offsets = Math.max(0, Number(bound?.high ?? 0) - next);
      const since = offsets === 0 ? now : await appendedAt(topicName, partition, next);
      return {
        offsets,
        behindMs: since === undefined ? undefined : Math.max(0, now - since),
        owner: owners.get(groupId)?.get(partition),
      };
    }),
  );
};
