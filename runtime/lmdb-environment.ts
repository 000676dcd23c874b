import { mkdir, realpath } from 'node:fs/promises';
import { type Database, open, type RootDatabase } from 'lmdb';
import type { Logger } from 'pino';
import { createCommitQueue } from './commit-queue.ts';
import { lockDirectory } from './directory-lock.ts';
import { checkBeforeOpen } from './lmdb-preflight.ts';
import { sealJson } from './sealed-json.ts';
import { toStorageError } from './storage-error.ts';

/** A named table of the environment: byte values under keys that are ordered part by part. */
export type Table = Database<Buffer, LmdbKey>;
export type LmdbKey = string | (string | number)[];

/**
 * One directory, one lmdb file, one process: the log, the acked offsets and the state of the stages live in it, so that
 * one transaction covers all of them.
 */
export interface LmdbEnvironment {
  readonly directory: string;
  /** True when the process that had the directory before did not close it: it was killed, or the power went. */
  readonly uncleanStop: boolean;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  table(name: string, options?: { compressed?: boolean }): Table;
  /**
   * Runs the action in a write transaction and resolves with its result when that is on the disk. Actions that come in
   * the same turn of the event loop share a transaction and its flush; they run in the order of the calls. An action may
   * run more than once, so its only effects are writes to tables. Rejects, with nothing of the action written, with
   * `disk-full` or `directory-unwritable`, or with what the action threw.
   */
  write<T>(action: () => T): Promise<T>;
  close(): Promise<void>;
}

/** Address space, not disk: the file grows with its content. Reserved generously, because growing the map means remapping. */
const defaultMapSizeBytes = 64 * 2 ** 30;

/**
 * Opens the directory, creating it for this user alone. Fails with `directory-in-use`, `directory-unwritable`,
 * `disk-full`, or `state-invalid` when the file is not a database.
 */
export const openLmdbEnvironment = async (options: {
  directory: string;
  mapSizeBytes?: number;
  /**
   * True for a command that only asks: whether the last run stopped cleanly stays noted as it is, for the next run,
   * which has to repeat the last effects of one that did not.
   */
  visit?: boolean;
  logger: Pick<Logger, 'info' | 'warn'>;
}): Promise<LmdbEnvironment> => {
  const { logger, mapSizeBytes = defaultMapSizeBytes, visit = false } = options;
  let directory = options.directory;
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    directory = await realpath(directory);
    await checkBeforeOpen(directory);
  } catch (error) {
    throw toStorageError(error, directory);
  }
  const unlock = await lockDirectory(directory).catch((error: unknown) => {
    throw toStorageError(error, directory);
  });

  let closed = false;
  let root: RootDatabase<Buffer, LmdbKey> | undefined;
  try {
    // Without overlappingSync a committed transaction is a flushed one. `permissionsMode` is missing in lmdb's types.
    const rootOptions = { mapSize: mapSizeBytes, maxDbs: 32, overlappingSync: false, encoding: 'binary' as const };
    root = open<Buffer, LmdbKey>(directory, {
      ...rootOptions,
      noSubdir: false,
      permissionsMode: 0o600,
    } as typeof rootOptions);
    const opened = root;
    const table = (name: string, { compressed = false } = {}): Table =>
      opened.openDB<Buffer, LmdbKey>({ name, encoding: 'binary', ...(compressed ? { compression: true } : {}) });

    // In the database rather than in a file beside it: as durable as what it speaks of.
    const marks = table('environment');
    const uncleanStop = marks.getBinary('running') !== undefined;
    if (!visit) opened.transactionSync(() => void marks.put('running', sealJson('running', { pid: process.pid })));
    if (uncleanStop && !visit)
      logger.warn({ directory }, 'the last run did not stop cleanly; its last effects are repeated');

    const queue = createCommitQueue((action) => opened.transactionSync(action), directory);
    return {
      directory,
      uncleanStop,
      logger,
      table,
      write: queue.write,
      close: async () => {
        if (closed) return;
        closed = true;
        await queue.drained();
        try {
          if (!visit) opened.transactionSync(() => void marks.remove('running'));
        } catch (error) {
          logger.warn(
            { directory, err: error },
            'the clean stop could not be noted; the next start will repeat some work',
          );
        }
        await opened.close();
        await unlock();
      },
    };
  } catch (error) {
    await root?.close();
    await unlock();
    throw toStorageError(error, directory);
  }
};
