import type { OutgoingRecord } from './bus/bus.ts';

/**
 * Where a stage keeps what it has folded, with the offset that it reflects. The log is the truth: a state that is lost
 * is folded anew. Every adapter passes test/contract/state-store.ts.
 *
 * State is written by changed key, never as one blob. Entries are JSON values.
 */
export interface StateStore {
  /** The state of one (name, partition), or undefined when none was ever saved. */
  load(name: string, partition: number): Promise<SavedState | undefined>;
  /**
   * Publishes the records and then saves the changes and the offset. In lmdb this is one transaction, elsewhere the
   * records are acked first: a crash between the two emits the same records again, which their keys and versions absorb.
   */
  commit(name: string, partition: number, commit: StateCommit): Promise<void>;
  /**
   * For a partition that is given up: writes what the store still holds back, and forgets it. Where commits are written
   * at once there is nothing to do, and no method.
   */
  release?(name: string, partition: number): Promise<void>;
}

export interface SavedState {
  /** The offset of the last record that the state reflects. */
  readonly offset: number;
  readonly entries: ReadonlyMap<string, unknown>;
}

export interface StateCommit {
  readonly offset: number;
  /** New values by key; undefined removes the key. */
  readonly changes: ReadonlyMap<string, unknown>;
  readonly records: readonly OutgoingRecord[];
}
