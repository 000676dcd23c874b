import type { BusRecord, OutgoingRecord } from './bus.ts';

/**
 * What a bus inside one process needs from its store: an append-only log per (topic, partition) and the acked offsets.
 * `createLocalBus` adds groups, assignments and back-pressure to it, so that the memory and the lmdb bus cannot differ there.
 */
export interface RecordLog {
  /** Appends all of the records or none, and resolves when they are durable. */
  append(records: readonly OutgoingRecord[]): Promise<void>;
  /** `first`: the oldest offset still kept; `end`: the offset that the next record will have. */
  bounds(topic: string, partition: number): LogBounds;
  read(topic: string, partition: number, from: number): Promise<LogSlice>;
  offsetAt(topic: string, partition: number, appendedAtMs: number): number;
  acked(topic: string, partition: number, group: string): number | undefined;
  /** Resolves when the offset is durable. */
  ack(topic: string, partition: number, group: string, offset: number): Promise<void>;
  /** Calls the listener after records of a partition became readable, from whichever component appended them. */
  onAppend(listener: (topic: string, partition: number) => void): void;
}

export interface LogBounds {
  readonly first: number;
  readonly end: number;
}

export interface LogSlice {
  /** Up to 500 records; empty only when nothing is kept from the asked offset on. */
  readonly records: readonly BusRecord[];
  /** Where the next read goes on: after the last record, past offsets that were compacted away. */
  readonly next: number;
  /** The end of the log in the same snapshot. */
  readonly end: number;
}

/** A batch has at most this many records, whatever the adapter. */
export const maxBatchRecords = 500;
