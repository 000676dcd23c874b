import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../runtime/clock.ts';

const savedSchema = z.object({
  seed: z.union([z.number(), z.string()]),
  startMs: z.number(),
  nowMs: z.number(),
});

/** What must be known to continue a simulation: its seed, where its history was laid, and how late it is. */
export type SavedTime = z.infer<typeof savedSchema>;

/** Time stands still while nothing runs; a resumed simulation continues this much later, so that it has news. */
export const resumeAheadMs = 120_000;

/** The saved time; undefined when there is none. Throws on a file that is something else. */
export const readSimulatedTime = (path: string): SavedTime | undefined => {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return savedSchema.parse(JSON.parse(text));
};

/**
 * Where a simulation begins or continues: `startMs` lays its history (it must stay the same, as cursors rest on it),
 * `nowMs` is what its clock starts from. Another seed than the saved one begins anew.
 */
export const resumeSimulatedTime = (path: string, seed: number | string, freshMs: number): SavedTime => {
  const saved = readSimulatedTime(path);
  if (saved === undefined || saved.seed !== seed) return { seed, startMs: freshMs, nowMs: freshMs };
  return { ...saved, nowMs: saved.nowMs + resumeAheadMs };
};

/** Written beside and renamed, so that a crash leaves the old file or the new one. */
export const writeSimulatedTime = (path: string, saved: SavedTime): void => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, JSON.stringify(saved));
  renameSync(`${path}.new`, path);
};

/**
 * Saves the simulated time about once a second of real time (`pace`), and once more when the signal aborts. Resolves
 * after that last write. Blocks for a small synchronous write each time.
 */
export const runSimulatedTime = async (
  path: string,
  start: Pick<SavedTime, 'seed' | 'startMs'>,
  clock: Clock,
  pace: Clock,
  signal: AbortSignal,
): Promise<void> => {
  while (!signal.aborted) {
    writeSimulatedTime(path, { ...start, nowMs: clock.now() });
    await pace.sleep(1000, signal);
  }
  writeSimulatedTime(path, { ...start, nowMs: clock.now() });
};
