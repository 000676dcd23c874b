import { statfs } from 'node:fs/promises';
import type { Logger } from 'pino';
import type { Clock } from './clock.ts';
import { toStorageError } from './storage-error.ts';

/**
 * Stops the intake before the disk is full, so that what is already in the log can still be worked off: readings,
 * acks and the clean-up of old records need space too.
 */
export interface DiskGuard {
  /** Resolves when there is space, or when the signal aborts. Whoever fetches awaits it before it fetches. */
  waitForSpace(signal: AbortSignal): Promise<void>;
  /** Whether less than the reserve is free at this moment. */
  low(): Promise<boolean>;
}

const checkEveryMs = 5_000;

const freeBytesOf = async (directory: string): Promise<number> => {
  try {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize;
  } catch (error) {
    throw toStorageError(error, directory);
  }
};

export const createDiskGuard = (options: {
  directory: string;
  reserveBytes: number;
  clock: Clock;
  logger: Pick<Logger, 'info' | 'warn'>;
  /** Free bytes of the file system that the directory is on; injected by tests. */
  free?: (directory: string) => Promise<number>;
}): DiskGuard => {
  const { directory, reserveBytes, clock, logger, free = freeBytesOf } = options;
  let paused = false;

  /** Logs the change only, however many wait. */
  const low = async (): Promise<boolean> => {
    const freeBytes = await free(directory);
    const isLow = freeBytes < reserveBytes;
    if (isLow && !paused) {
      logger.warn(
        { directory, freeBytes, reserveBytes },
        'disk space is below the reserve: nothing is fetched until space is freed or the file system enlarged',
      );
    }
    if (!isLow && paused) logger.info({ directory, freeBytes, reserveBytes }, 'disk space is back: fetching goes on');
    paused = isLow;
    return isLow;
  };

  return {
    low,
    waitForSpace: async (signal) => {
      while (!signal.aborted && (await low())) await clock.sleep(checkEveryMs, signal);
    },
  };
};
