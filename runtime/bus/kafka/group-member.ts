import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import type { Clock } from '../../clock.ts';
import type { Assignment } from '../bus.ts';
import type { KafkaLogger } from './client.ts';
import { createHeldPartition, type HeldPartition, type Membership } from './held-partition.ts';
import { isMissingTopic, isPassing, isUnjoined, toBusError } from './kafka-error.ts';
import type { Offsets } from './offsets.ts';
import { spreadAssigner } from './spread-assigner.ts';

export interface GroupTimes {
  /** After how long without a heartbeat the broker gives a member's partitions to others. */
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  /** How long a member that leaves waits for what is being handled. */
  readonly graceMs: number;
}

export const defaultGroupTimes: GroupTimes = { sessionTimeoutMs: 15_000, heartbeatIntervalMs: 3_000, graceMs: 7_000 };

/** Also how long a partition that becomes ready may wait for the fetch that is under way. */
const maxWaitMs = 250;
const maxBytesPerPartition = 2 ** 20;
const retryCommitMs = 500;

interface Options {
  readonly kafka: Kafka;
  readonly offsets: Offsets;
  readonly clock: Clock;
  readonly logger: KafkaLogger;
  readonly times: GroupTimes;
  readonly topic: string;
  readonly topicName: string;
  readonly groupId: string;
  readonly signal: AbortSignal;
  /** Told of the work of leaving when the signal aborts, which goes on whether or not anybody asks for assignments. */
  readonly onLeave: (leaving: Promise<void>) => void;
}

/**
 * One member of a consumer group on one topic. kafkajs does the group protocol and the fetching; what is fetched goes
 * into a buffer a partition at once, so that its loop never waits for a handler and its heartbeats keep coming.
 *
 * kafkajs revokes nothing by itself: here an assignment ends when the next generation of the group does not have it, when
 * the broker no longer knows this member, when it did not hear from us for a session's length, or when kafkajs starts
 * over after an error. A partition that stays with this member goes on without a pause. A crash that kafkajs does not
 * restart ends the consumption with its error.
 */
export async function* consumeGroup(options: Options): AsyncGenerator<Assignment> {
  const { kafka, clock, logger, times, topicName, groupId, signal } = options;
  if (signal.aborted) return;
  const held = new Map<number, HeldPartition>();
  const ready: Assignment[] = [];
  let failure: { readonly error: unknown } | undefined;
  let wake = () => {};
  let memberId = '';
  let heardAt = clock.now();
  let rebalancing = false;
  let silent = false;
  /** Between a join and the next crash or stop: otherwise kafkajs has no group to speak for. */
  let isMember = false;
  /** No more restarts; then, when what was handled is acked, no more of kafkajs at all. */
  let isLeaving = false;
  let hasLeft = false;
  let assigned: readonly number[] = [];

  const consumer = kafka.consumer({
    groupId,
    partitionAssigners: [spreadAssigner],
    sessionTimeout: times.sessionTimeoutMs,
    rebalanceTimeout: Math.max(30_000, 2 * times.sessionTimeoutMs),
    heartbeatInterval: times.heartbeatIntervalMs,
    maxWaitTimeInMs: maxWaitMs,
    maxBytesPerPartition,
    allowAutoTopicCreation: false,
    retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 5, restartOnFailure: async () => !isLeaving },
  });

  const release = (partitions: Iterable<number>): void => {
    for (const partition of [...partitions]) {
      held.get(partition)?.release(new DOMException(`partition ${partition} of ${topicName} went away`, 'AbortError'));
      held.delete(partition);
    }
  };
  /** After a pause of the whole process: until a heartbeat is answered, others may have what this member had. */
  const isAlive = (): boolean => {
    if (clock.now() - heardAt <= times.sessionTimeoutMs) return true;
    if (!silent)
      logger.warn({ component: 'kafka', groupId }, 'The group may have given this member up; it asks first.');
    silent = true;
    release(held.keys());
    return false;
  };

  const membership: Membership = {
    // After a crash the partition is about to be released, and there is nothing to fetch with.
    seek: (partition, offset) => {
      if (isMember) consumer.seek({ topic: topicName, partition, offset: String(offset) });
    },
    resume: (partition) => {
      if (isMember) consumer.resume([{ topic: topicName, partitions: [partition] }]);
    },
    isAlive,
    commit: async (partition, nextOffset) => {
      const holding = held.get(partition);
      for (;;) {
        // A late ack commits nothing: the offset may be another member's by now.
        if (holding === undefined || held.get(partition) !== holding || !isAlive()) return;
        try {
          if (isMember && !rebalancing) {
            await consumer.commitOffsets([{ topic: topicName, partition, offset: String(nextOffset) }]);
            return;
          }
        } catch (error) {
          const isForLater = !isMember || isUnjoined(error) || isPassing(error);
          if (!isForLater) throw toBusError(`The offset of ${topicName}/${partition} cannot be committed`, error);
        }
        if (holding.assignment.signal.aborted) return;
        await clock.sleep(retryCommitMs, holding.assignment.signal);
      }
    },
  };

  const hold = (partition: number): void => {
    const holding = createHeldPartition({ ...options, partition, membership });
    held.set(partition, holding);
    ready.push(holding.assignment);
  };

  const joined = (member: string, partitions: readonly number[]): void => {
    heardAt = clock.now();
    isMember = true;
    rebalancing = false;
    silent = false;
    if (String(assigned) !== String(partitions)) {
      logger.info({ component: 'kafka', groupId, partitions }, `This process has ${partitions.length} partitions.`);
    }
    assigned = partitions;
    // A new name means that the broker had given us up: others may have had the partitions in between.
    if (member !== memberId) release(held.keys());
    memberId = member;
    release([...held.keys()].filter((partition) => !partitions.includes(partition)));
    consumer.pause([{ topic: topicName, partitions: [...partitions] }]);
    for (const partition of partitions) {
      const buffer = held.get(partition)?.buffer();
      if (!held.has(partition)) hold(partition);
      else if (buffer !== undefined) {
        membership.seek(partition, buffer.next());
        if (!buffer.isFull()) membership.resume(partition);
      }
    }
    wake();
  };

  /** Returns without resolving what nobody reads yet: it is fetched again when somebody does. */
  const eachBatch = async ({ batch, resolveOffset, pause }: EachBatchPayload): Promise<void> => {
    const holding = held.get(batch.partition);
    const fetched = { from: fetchedFrom(batch), messages: batch.messages, end: Number(batch.highWatermark) };
    if (holding === undefined || !(await holding.accept(fetched))) return void pause();
    resolveOffset(batch.lastOffset());
    if (holding.buffer()?.isFull() === true) pause();
  };

  listen(consumer, {
    joined: (member, assignment) => joined(member, assignment[topicName] ?? []),
    heard: () => {
      heardAt = clock.now();
      // The broker still counts on this member, so nobody else had its partitions.
      if (silent) joined(memberId, assigned);
    },
    rebalancing: () => {
      rebalancing = true;
    },
    stopped: () => {
      isMember = false;
      release(held.keys());
    },
    fetching: () => {
      // Left while kafkajs was joining: it goes on, and only now can it be stopped.
      if (hasLeft) void disconnect(consumer, options);
    },
    crashed: (error, restarts) => {
      if (isLeaving || (restarts && !isMissingTopic(error))) return;
      failure ??= { error };
      wake();
    },
  });

  let starting: Promise<void> | undefined;
  let leaving: Promise<void> | undefined;
  const leaveOnce = (): Promise<void> => {
    if (leaving === undefined) {
      isLeaving = true;
      leaving = handOver(held, options).then(async () => {
        hasLeft = true;
        await disconnect(consumer, options);
        await starting?.catch(() => {});
        if (isMember) await disconnect(consumer, options);
      });
      options.onLeave(leaving);
    }
    wake();
    return leaving;
  };
  signal.addEventListener('abort', leaveOnce, { once: true });
  try {
    starting = start(consumer, topicName, eachBatch);
    await starting;
    while (!signal.aborted && failure === undefined) {
      const next = ready.shift();
      if (next === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      } else if (!next.signal.aborted) yield next;
    }
    if (failure !== undefined) throw toBusError(`The consumer of ${topicName} ended`, failure.error);
  } catch (error) {
    throw toBusError(`${topicName} cannot be consumed`, error);
  } finally {
    signal.removeEventListener('abort', leaveOnce);
    await leaveOnce();
  }
}

const start = async (
  consumer: Consumer,
  topicName: string,
  eachBatch: (payload: EachBatchPayload) => Promise<void>,
): Promise<void> => {
  await consumer.connect();
  await consumer.subscribe({ topics: [topicName], fromBeginning: true });
  await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch });
};

const listen = (
  consumer: Consumer,
  on: {
    joined(memberId: string, assignment: Readonly<Record<string, readonly number[]>>): void;
    heard(): void;
    rebalancing(): void;
    stopped(): void;
    fetching(): void;
    crashed(error: Error, restarts: boolean): void;
  },
): void => {
  const { GROUP_JOIN, HEARTBEAT, REBALANCING, STOP, FETCH_START, CRASH } = consumer.events;
  consumer.on(GROUP_JOIN, ({ payload }) => on.joined(payload.memberId, payload.memberAssignment));
  consumer.on(HEARTBEAT, () => on.heard());
  consumer.on(REBALANCING, () => on.rebalancing());
  consumer.on(STOP, () => on.stopped());
  consumer.on(FETCH_START, () => on.fetching());
  consumer.on(CRASH, ({ payload }) => on.crashed(payload.error, payload.restart));
};

/** Ends the assignments, and lets what is being handled be acked. */
const handOver = async (held: Map<number, HeldPartition>, { clock, times }: Options): Promise<void> => {
  const all = [...held.values()];
  for (const holding of all) holding.release();
  const enough = new AbortController();
  await Promise.race([Promise.all(all.map(({ idle }) => idle())), clock.sleep(times.graceMs, enough.signal)]);
  enough.abort();
  held.clear();
};

/** Leaves the group, so that others take over at once. */
const disconnect = (consumer: Consumer, { logger, groupId }: Options): Promise<void> =>
  consumer.disconnect().catch((error: unknown) => {
    logger.warn({ component: 'kafka', groupId }, toBusError('The group could not be left', error).message);
  });

/** Where the fetch began; it is not in kafkajs's public types. Less than the first offset where compaction left a gap. */
const fetchedFrom = (batch: EachBatchPayload['batch']): number =>
  Number((batch as unknown as { fetchedOffset: string }).fetchedOffset);
