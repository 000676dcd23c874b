import { setImmediate as nextTurn } from 'node:timers/promises';
import { topics as allTopics } from '../../schemas/topics.ts';
import type { Clock } from '../clock.ts';
import type { LmdbEnvironment } from '../lmdb-environment.ts';
import { sealJson, unsealJson } from '../sealed-json.ts';
import type { Bus, OutgoingRecord } from './bus.ts';
import { appendRecords, groupByPartition } from './lmdb/append.ts';
import { assignPartitions, unknownOrg } from './lmdb/partitions.ts';
import { findOffsetAt, readSlice } from './lmdb/read.ts';
import { purgeOnce, type RetainedTopic } from './lmdb/retention.ts';
import { openLogTables } from './lmdb/tables.ts';
import { createLocalBus } from './local-bus.ts';
import type { RecordLog } from './record-log.ts';

export interface LmdbBus extends Bus {
  /**
   * Removes what the retention of the topics no longer keeps at a moment, a bounded piece a call and a partition.
   * `more` says that there is more to remove: call again, in between letting others have the event loop.
   */
  purge(now: number): Promise<{ removed: number; more: boolean }>;
  /**
   * For the state store: an append that is part of the caller's transaction. `write` goes into the action of
   * `environment.write`, `announce` is called when that has resolved, so that waiting consumers look again.
   */
  append(records: readonly OutgoingRecord[]): { write(): void; announce(): void };
}

/**
 * A durable bus in one lmdb environment, for one process. Each org has a partition of its own. A rejected publish has
 * written nothing: `disk-full` when there is no space, after which the same bus goes on once there is; anything else that
 * the disk does is `directory-unwritable`. A damaged block is `state-invalid` when it is read.
 */
export const createLmdbBus = async (options: {
  environment: LmdbEnvironment;
  orgs: readonly string[];
  clock: Clock;
  /** Whose retention `purge` applies; records of other topics stay for ever. */
  topics?: readonly RetainedTopic[];
}): Promise<LmdbBus> => {
  const { environment, orgs, clock, topics = allTopics } = options;
  const tables = openLogTables(environment);
  const partitionOfOrg = await assignPartitions(environment, orgs, tables.logs().length > 0);
  const acks = environment.table('acks');
  const listeners: ((topic: string, partition: number) => void)[] = [];

  const partitionOf = (org: string): number => {
    const partition = partitionOfOrg.get(org);
    if (partition === undefined) throw unknownOrg(org);
    return partition;
  };

  const append = (records: readonly OutgoingRecord[]) => {
    const groups = groupByPartition(records, partitionOf);
    return {
      write: () => {
        const now = clock.now();
        for (const group of groups) appendRecords(tables, group, now);
      },
      announce: () => {
        for (const { topic, partition } of groups) for (const listener of listeners) listener(topic, partition);
      },
    };
  };

  const nameOfAck = (topic: string, partition: number, group: string) => `ack of ${topic}/${partition} by ${group}`;
  const log: RecordLog = {
    append: async (records) => {
      const appending = append(records);
      await environment.write(appending.write);
      appending.announce();
    },
    bounds: (topic, partition) => tables.head(topic, partition),
    read: async (topic, partition, from) => {
      // A consumer that is far behind must not keep timers and sockets from their turn.
      await nextTurn();
      return readSlice(tables, topic, partition, from);
    },
    offsetAt: (topic, partition, appendedAtMs) => findOffsetAt(tables, topic, partition, appendedAtMs),
    acked: (topic, partition, group) => {
      const sealed = acks.getBinary([topic, partition, group]);
      return sealed === undefined ? undefined : (unsealJson(nameOfAck(topic, partition, group), sealed) as number);
    },
    ack: (topic, partition, group, offset) =>
      environment.write(() => {
        acks.put([topic, partition, group], sealJson(nameOfAck(topic, partition, group), offset));
      }),
    onAppend: (listener) => void listeners.push(listener),
  };

  return {
    ...createLocalBus({ partitions: partitionOfOrg.size, partitionOf, log, logger: environment.logger }),
    purge: (now) => purgeOnce(environment, tables, topics, now),
    append,
  };
};
