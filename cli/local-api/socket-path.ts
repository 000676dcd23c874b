import { createHash } from 'node:crypto';
import { lstat, mkdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { AppError } from '../../runtime/errors.ts';

/** The smallest limit of the systems that Kriver runs on: sun_path has 104 bytes on macOS, 108 on Linux, with its end. */
const longestPathBytes = 103;

export const socketFile = (dataDirectory: string): string => join(resolve(dataDirectory), 'kriver.sock');

/** Beside it, where the socket is when it cannot be there. */
export const pointerFile = (dataDirectory: string): string => `${socketFile(dataDirectory)}.path`;

export const fitsSocket = (path: string): boolean => Buffer.byteLength(path) <= longestPathBytes;

/** A directory of this user in the system's one for temporary files, and the socket in it. Its name is the data directory's. */
export const distantSocket = (dataDirectory: string): { readonly directory: string; readonly file: string } => {
  const name = createHash('sha256').update(resolve(dataDirectory)).digest('hex').slice(0, 16);
  const directory = join(tmpdir(), `kriver-${name}`);
  return { directory, file: join(directory, 'kriver.sock') };
};

/** True for a directory that nobody but this user may enter or replace: others may make what they like in /tmp. */
const isPrivate = async (directory: string): Promise<boolean> => {
  const found = await lstat(directory).catch(() => undefined);
  if (found === undefined || !found.isDirectory()) return false;
  return found.uid === process.getuid?.() && (found.mode & 0o077) === 0;
};

export const makePrivateDirectory = async (directory: string): Promise<void> => {
  await mkdir(directory, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  if (await isPrivate(directory)) return;
  throw new AppError('directory-unwritable', `${directory} is open to other users.`, {
    hint: 'Remove it, or choose a data directory with a shorter path.',
  });
};

/** The socket that a process serving the data directory listens on; there need not be one. */
export const findSocket = async (dataDirectory: string): Promise<string> => {
  const pointer = await readFile(pointerFile(dataDirectory), 'utf8').catch(() => '');
  // As it was written down: TMPDIR may be another here.
  const file = pointer.trim();
  return file !== '' && (await isPrivate(dirname(file))) ? file : socketFile(dataDirectory);
};
