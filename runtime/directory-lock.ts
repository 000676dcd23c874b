import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { open } from 'lmdb';
import { AppError } from './errors.ts';
import { checkBeforeOpen } from './lmdb-preflight.ts';

const inUse = (directory: string, pid: number, where = '', cause?: unknown): AppError =>
  new AppError('directory-in-use', `${directory} is in use by process ${pid}${where}.`, {
    hint: 'Stop that process first, or give this one a directory of its own. Only one may write there.',
    cause,
  });

/** Directories that this process has: lmdb's table does not tell a process from itself. */
const heldHere = new Set<string>();

/**
 * Holds a directory for this process, and refuses when another has it. Node has no flock, and a file with a pid in it
 * lies after a SIGKILL, with reused pids and across containers. But lmdb keeps a table of reading processes, each guarded by an
 * fcntl lock that the kernel drops with the process, on Linux and macOS alike. So there is an empty environment of its own, in
 * which every process that has the directory keeps one read transaction open: in the environment of the data the
 * entry would come and go with the reads, and a transaction held there would keep its file from reusing space.
 *
 * Two that start at the same moment may both refuse; never do both go on. Returns what lets the directory go.
 */
export const lockDirectory = async (directory: string): Promise<() => Promise<void>> => {
  if (heldHere.has(directory)) throw inUse(directory, process.pid);
  heldHere.add(directory);
  const path = join(directory, 'lock');
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await checkBeforeOpen(path);
  } catch (error) {
    heldHere.delete(directory);
    throw error;
  }
  // `permissionsMode` is missing in lmdb's types.
  const options = { mapSize: 2 ** 20, encoding: 'binary' as const };
  const root = open<Buffer, string>(path, { ...options, permissionsMode: 0o600 } as typeof options);
  const release = async (): Promise<void> => {
    heldHere.delete(directory);
    await root.close();
  };
  try {
    const transaction = enterReaders(() => root.useReadTransaction(), directory);
    root.readerCheck();
    const pids = [...root.readerList().matchAll(/^\s*(\d+)\s+[0-9a-f]+\s/gim)].map(([, pid]) => Number(pid));
    const other = pids.find((pid) => pid !== process.pid);
    if (other !== undefined) throw inUse(directory, other);
    if (pids.length > 1) throw inUse(directory, process.pid, ' of another container');
    if (pids.length === 0) throw new Error('lmdb lists no reader, not even this process');
    return async () => {
      transaction.done();
      await release();
    };
  } catch (error) {
    await release();
    throw error;
  }
};

/** A place in the table goes by process id, and containers that share a directory often have the same: lmdb then gives up after ten seconds. */
const enterReaders = <Held>(enter: () => Held, directory: string): Held => {
  try {
    return enter();
  } catch (error) {
    throw inUse(directory, process.pid, ' of another container', error);
  }
};
