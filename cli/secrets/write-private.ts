import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { AppError } from '../../runtime/errors.ts';

/**
 * Replaces a file as a whole, mode 0600, and returns when it is on disk: after a crash there is the old content or the
 * new, never a part. Creates the directory, mode 0700.
 */
export const writePrivate = (file: string, text: string): void => {
  const temporary = `${file}.${process.pid}.new`;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    rmSync(temporary, { force: true });
    const descriptor = openSync(temporary, 'wx', 0o600);
    try {
      writeSync(descriptor, text);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, file);
    syncDirectory(dirname(file));
  } catch (error) {
    throw new AppError(
      'directory-unwritable',
      `${file} cannot be written (${(error as NodeJS.ErrnoException).code}).`,
      {
        hint: 'Check that this user may write the data directory and that the disk is not full.',
        cause: error,
      },
    );
  }
};

/** A rename is durable only when its directory is; Windows cannot open one. */
const syncDirectory = (directory: string): void => {
  if (process.platform === 'win32') return;
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
};
