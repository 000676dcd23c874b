import type { BusRecord } from '../../runtime/bus/bus.ts';
import type { Facts } from '../../schemas/facts.ts';
import type { Progress } from '../../schemas/progress.ts';

/** One distinct event of the past. */
export interface HistoryEvent {
  readonly facts: Facts;
  /** Its offset in the log; undefined where it never was in one. */
  readonly offset: number | undefined;
  /** The event as Okta sent it, when it was asked for and is still kept. */
  readonly raw: Buffer | undefined;
}

/** What was known of an org's log at an offset: its progress record without the cursor. */
export interface HistoryProgress {
  readonly offset: number;
  readonly progress: Progress;
}

/** Moments in milliseconds since the epoch: from < published <= to. */
export interface Range {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * One org's past, wherever it is kept: the log, ClickHouse, files, or Okta itself. Replays and explanations read it and
 * nothing else, so that each of them works from every source.
 */
export interface History {
  readonly source: 'log' | 'clickhouse' | 'files' | 'okta';
  /** What is kept of the log: no event outside is given. Undefined when there is none at all. */
  span(): Promise<Range | undefined>;
  /** Distinct events, ascending by (published, uuid), in batches that fit into memory. */
  events(range: Range, options?: { readonly raw?: boolean }): AsyncIterable<readonly HistoryEvent[]>;
  /** The progress records of the log with an asOf in the range, by offset; none where there never were any. */
  progress(range: Range): AsyncIterable<readonly HistoryProgress[]>;
  /** The newest progress record of the log; undefined where there never was one. */
  newestProgress(): Promise<HistoryProgress | undefined>;
  /**
   * The records of a topic of snapshots, by offset from the first that is kept, up to and with an offset: entities, sweeps
   * and progress, as they are on the bus.
   */
  posture(topic: string, untilOffset: number): AsyncIterable<readonly BusRecord[]>;
}
