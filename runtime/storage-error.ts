import { statfsSync } from 'node:fs';
import { constants } from 'node:os';
import { AppError } from './errors.ts';

/** Codes of lmdb.h; lmdb passes them, and the errno of the system, as the `code` of what it throws. */
const mapFull = -30792;
const damaged = new Set([-30797, -30796, -30793]);
const versionMismatch = -30794;

const { ENOSPC, EDQUOT, EIO } = constants.errno;
const full = new Set<unknown>([mapFull, ENOSPC, EDQUOT, 'ENOSPC', 'EDQUOT']);

/** Less than the pages of a small transaction. */
export const noSpaceLeft = (directory: string): boolean => {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize < 2 ** 20;
  } catch {
    return false;
  }
};

export const toDiskFull = (directory: string, cause?: unknown): AppError =>
  new AppError('disk-full', `No space is left for ${directory}.`, {
    hint: 'Free space on that file system or enlarge it. Nothing of the refused write is stored; work goes on from there.',
    cause,
  });

/** Turns what the file system or lmdb threw into the error that an operator can act on. */
export const toStorageError = (error: unknown, directory: string): AppError => {
  if (error instanceof AppError) return error;
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  const text = error instanceof Error ? error.message : String(error);
  // lmdb calls a write that was cut short an I/O error. Cut short it was when it took the last of the space.
  if (full.has(code) || (code === EIO && noSpaceLeft(directory))) return toDiskFull(directory, error);
  if (code === versionMismatch || damaged.has(code as number)) {
    return new AppError('state-invalid', `The database in ${directory} cannot be read: ${text}`, {
      hint: 'Restore the directory from a backup, or move it away to start anew.',
      cause: error,
    });
  }
  if (code === undefined) {
    return new AppError('internal', `Storing in ${directory} failed: ${text}`, {
      hint: 'This is a defect. Please report it with the log.',
      cause: error,
    });
  }
  return new AppError('directory-unwritable', `${directory} cannot be written: ${text}`, {
    hint: 'Check that the directory exists on a healthy, writable file system and belongs to this user.',
    cause: error,
  });
};
