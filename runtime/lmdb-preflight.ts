import { access, constants, open } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from './errors.ts';
import { noSpaceLeft, toDiskFull } from './storage-error.ts';

const magic = 0xbeefc0de;
const dataVersion = 2;
/** What lmdb reads of each of the two pages that it begins with. */
const metaBytes = 200;

const notADatabase = (path: string, what: string): AppError =>
  new AppError('state-invalid', `${path} ${what}.`, {
    hint: 'Restore the directory from a backup, or move it away to start anew.',
  });

/** The first page of lmdb's file (mdb.c, mdb_env_read_header): page flags at 18, magic at 24, version at 28, page size at 48. */
const checkDataFile = async (path: string): Promise<void> => {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    // Killed between creating the file and writing to it: lmdb takes it for new.
    if (size === 0) return;
    const { buffer: page, bytesRead } = await file.read(Buffer.alloc(metaBytes), 0, metaBytes, 0);
    const isMeta = bytesRead === metaBytes && page.readUInt16LE(18) === 8 && page.readUInt32LE(24) === magic;
    if (!isMeta || size < page.readUInt32LE(48) + metaBytes) throw notADatabase(path, 'is damaged or not a database');
    if (page.readUInt16LE(28) !== dataVersion) throw notADatabase(path, 'was written by another version of lmdb');
  } finally {
    await file.close();
  }
};

/** Whether the file exists. Throws when it does but cannot be read and written. */
const checkAccess = async (path: string): Promise<boolean> => {
  try {
    await access(path, constants.R_OK | constants.W_OK);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
};

/**
 * Refuses what lmdb would fail on when it opens the directory: lmdb 3.5 does not report a failed open, it takes the
 * process down with a segmentation fault.
 */
export const checkBeforeOpen = async (directory: string): Promise<void> => {
  await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  const isNew = !(await checkAccess(join(directory, 'data.mdb')));
  const needsLock = !(await checkAccess(join(directory, 'lock.mdb')));
  if (!isNew) await checkDataFile(join(directory, 'data.mdb'));
  if ((isNew || needsLock) && noSpaceLeft(directory)) throw toDiskFull(directory);
};
