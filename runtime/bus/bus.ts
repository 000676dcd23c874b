/**
 * How records flow between stages. Three adapters: memory (simulated runs), lmdb (one process), Kafka (many).
 * One contract suite, test/contract/bus.ts, runs over each of them; what follows is what it holds them to.
 *
 * - A topic has partitions; an org's records are all in one, chosen from the org alone (`partitionOf`).
 * - Offsets of a partition rise by at least one a record, from 0, and never move back.
 * - `publish` resolves when the records are durable, all of them or none, in their order within each partition.
 *   A rejection means that nothing of it is visible, or (Kafka) that it may be in there again after a retry.
 * - A consumer gets a partition by an assignment, which ends when its signal aborts: the consumer stopped, or another
 *   member of the group took over. Of one group, one consumer at a time has a partition.
 * - Of an assignment one batch is out at a time: the next is handed out when the last is acked. That is the back-pressure.
 * - Delivery is at least once: what was not acked is delivered again, from `committed + 1`.
 */
export interface Bus {
  /** How many partitions each topic has; stored with the bus, and a mismatch with the configuration refuses to start. */
  readonly partitions: number;
  partitionOf(org: string): number;
  publish(records: readonly OutgoingRecord[]): Promise<void>;
  /** Assignments of one topic to this member of a group, until the signal aborts. */
  consume(options: { topic: string; group: string; signal: AbortSignal }): AsyncIterable<Assignment>;
  /** The offset that the next record of a partition will have; 0 for one that has none. */
  endOffset(topic: string, partition: number): Promise<number>;
  /** The first offset appended at or after a moment of the machine's clock; the end offset when there is none. */
  offsetAt(topic: string, partition: number, appendedAtMs: number): Promise<number>;
  /** The last acked offset of a group, undefined when it never acked. */
  committed(topic: string, partition: number, group: string): Promise<number | undefined>;
  /** Reads records from an offset up to the present end, outside any group: for questions, not for stages. */
  read(topic: string, partition: number, from: number): AsyncIterable<readonly BusRecord[]>;
  close(): Promise<void>;
}

export interface OutgoingRecord {
  readonly topic: string;
  /** Decides the partition. */
  readonly org: string;
  readonly key: string;
  readonly value: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface BusRecord {
  readonly offset: number;
  readonly key: string;
  readonly value: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Assignment {
  readonly topic: string;
  readonly partition: number;
  /** Aborts when the partition is no longer this consumer's. Check before each effect. */
  readonly signal: AbortSignal;
  /**
   * Batches from an offset on (default: after the last acked one), waiting for new records at the end.
   * Ends when the signal aborts. Call it once an assignment.
   */
  batches(options?: { from?: number }): AsyncIterable<Batch>;
}

export interface Batch {
  readonly topic: string;
  readonly partition: number;
  /** At least one record, at most 500, offsets rising. */
  readonly records: readonly BusRecord[];
  /** The offset after the last record of the partition when the batch was read: equal to `nextOffset` at the end. */
  readonly endOffset: number;
  /** Commits the offset of the last record for the group and lets the next batch come. Resolves when that is durable. */
  ack(): Promise<void>;
}

/** The org of a record, by its key: keys are ORG or ORG/…, and an org's name has no slash. */
export const orgOfKey = (key: string): string => {
  const slash = key.indexOf('/');
  return slash < 0 ? key : key.slice(0, slash);
};
