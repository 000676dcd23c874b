import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../runtime/clock.ts';

const beginning = 'unfinished-';
const abandonedAfterMs = 24 * 3_600_000;

/** Where the engines' files are kept: `.cache/engines` of the project, or what KRIVER_ENGINES_CACHE names. */
export const enginesCache = (): string =>
  process.env['KRIVER_ENGINES_CACHE'] ?? fileURLToPath(new URL('../../.cache/engines', import.meta.url));

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

export const isCached = (cache: string, name: string): Promise<boolean> => isFolder(join(cache, name));

/** A fetch that was killed leaves its folder behind; one that runs never takes a day. */
const removeAbandoned = async (cache: string): Promise<void> => {
  for (const name of await readdir(cache)) {
    if (!name.startsWith(beginning)) continue;
    const path = join(cache, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
    if (mtimeMs + abandonedAfterMs < systemClock.now()) await rm(path, { recursive: true, force: true });
  }
};

/**
 * The path of the folder `name` of the cache; when missing, `fill` writes its files into an unfinished folder that then
 * gets the name in one step. So a folder that is there is whole, and of two processes that fill it at once, one wins and
 * the other uses what it made. Rejects with what `fill` rejects with, and keeps nothing then.
 */
export const cachedFolder = async (
  cache: string,
  name: string,
  fill: (folder: string) => Promise<void>,
): Promise<string> => {
  const path = join(cache, name);
  if (await isFolder(path)) return path;
  await mkdir(cache, { recursive: true });
  await removeAbandoned(cache);
  const unfinished = await mkdtemp(join(cache, beginning));
  try {
    await fill(unfinished);
    await rename(unfinished, path).catch(async (error: unknown) => {
      if (!(await isFolder(path))) throw error;
    });
    return path;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
};
