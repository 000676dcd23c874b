import { createHash } from 'node:crypto';
import kafkajs, { type PartitionAssigner } from 'kafkajs';

// Node finds only the first exports of this CommonJS package by name.
const { AssignerProtocol } = kafkajs;

const weigh = (member: string, partition: number): bigint =>
  createHash('sha256').update(`${partition}/${member}`).digest().readBigUInt64BE(0);

/**
 * Partitions to members: as even as can be, and so that few move when a member comes or goes, since whoever gets a
 * partition has to load or rebuild its state. Each partition goes to the member that weighs most for it among those with
 * room (rendezvous hashing with a bounded load). Depends on nothing but its arguments.
 */
export const spreadPartitions = (
  members: readonly string[],
  partitions: readonly number[],
): ReadonlyMap<string, readonly number[]> => {
  const assigned = new Map<string, number[]>([...members].sort().map((member) => [member, []]));
  const room = Math.ceil(partitions.length / Math.max(1, members.length));
  for (const partition of [...partitions].sort((a, b) => a - b)) {
    let chosen: number[] | undefined;
    let most = -1n;
    for (const [member, own] of assigned) {
      if (own.length >= room) continue;
      const weight = weigh(member, partition);
      if (weight <= most) continue;
      most = weight;
      chosen = own;
    }
    chosen?.push(partition);
  }
  return assigned;
};

/** `spreadPartitions` as kafkajs's group leader calls it. */
export const spreadAssigner: PartitionAssigner = ({ cluster }) => ({
  name: 'KriverSpread',
  version: 1,
  assign: async ({ members, topics }) => {
    const memberIds = members.map(({ memberId }) => memberId);
    const byTopic = topics.map((topic) => {
      const partitions = cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId);
      return [topic, spreadPartitions(memberIds, partitions)] as const;
    });
    return memberIds.map((memberId) => ({
      memberId,
      memberAssignment: AssignerProtocol.MemberAssignment.encode({
        version: 1,
        assignment: Object.fromEntries(byTopic.map(([topic, spread]) => [topic, [...(spread.get(memberId) ?? [])]])),
        userData: Buffer.alloc(0),
      }),
    }));
  },
  protocol: ({ topics }) => ({
    name: 'KriverSpread',
    metadata: AssignerProtocol.MemberMetadata.encode({ version: 1, topics, userData: Buffer.alloc(0) }),
  }),
});
