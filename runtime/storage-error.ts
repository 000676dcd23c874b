import { constants } from 'node:os';
import { AppError } from './errors.ts';

/** Codes of lmdb.h; lmdb passes them, and the errno of the system, as the `code` of what it throws. */
const mapFull = -30792;
const damaged = new Set([-30797, -30796, -30793]);
const versionMismatch = -30794;

const { ENOSPC, EDQUOT, EAGAIN } = constants.errno;
const full = new Set<unknown>([mapFull, ENOSPC, EDQUOT, 'ENOSPC', 'EDQUOT']);

/** Turns what the file system or lmdb threw into the error that an operator can act on. */
export const toStorageError = (error: unknown, directory: string): AppError => {
  if (error instanceof AppError) return error;
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  const text = error instanceof Error ? error.message : String(error);
  if (full.has(code)) {
    return new AppError('disk-full', `No space is left for ${directory}.`, {
      hint: 'Free space on that file system or enlarge it. Nothing of the refused write is stored; work goes on from there.',
      cause: error,
    });
  }
  if (code === versionMismatch || damaged.has(code as number)) {
    return new AppError('state-invalid', `The database in ${directory} cannot be read: ${text}`, {
      hint: 'Restore the directory from a backup, or move it away to start anew.',
      cause: error,
    });
  }
  if (code === EAGAIN) {
    // Two processes with the same pid, in two containers, want the same slot of lmdb's reader table.
    return new AppError('directory-in-use', `${directory} is in use by a process of another container.`, {
      hint: 'Stop the other one first, or give this one a directory of its own.',
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
