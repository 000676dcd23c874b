import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Figure } from './figure.ts';

const program = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const megabyte = 2 ** 20;
const mostBytes = 300 * megabyte;
const mostGrowth = 1.1;
const millions = [1, 3] as const;

/**
 * Peak memory of `kriver replay` over so many events, in bytes. They are made by another process and reach it through a
 * named pipe: 3 million are 6.5 GB, which nobody wants on a disk to be read once.
 */
const peakOf = async (events: number): Promise<number> => {
  const directory = await mkdtemp(join(tmpdir(), 'kriver-bench-'));
  const pipe = join(directory, 'events.ndjson');
  const peak = join(directory, 'peak');
  try {
    await promisify(execFile)('mkfifo', [pipe]);
    const maker = spawn(process.execPath, [program('make-events.js'), String(events), pipe], { stdio: 'inherit' });
    const replay = spawn(
      process.execPath,
      ['--import', program('report-peak.js'), program('../cli/main.js'), 'replay', pipe, '--json'],
      { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, KRIVER_BENCH_PEAK: peak } },
    );
    const [code] = (await once(replay, 'close')) as [number | null];
    maker.kill();
    if (code !== 0) throw new Error(`kriver replay ended with ${code}.`);
    return Number(await readFile(peak, 'utf8'));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
};

/** Peak memory of a replay without ClickHouse: bounded, and the same however long the recording is. */
export const measureMemory = async (): Promise<readonly Figure[]> => {
  const figures: Figure[] = [];
  let first: number | undefined;
  for (const count of millions) {
    const bytes = await peakOf(count * 1_000_000);
    first ??= bytes;
    const passes = bytes <= mostBytes && bytes <= first * mostGrowth;
    figures.push({
      what: `Peak memory of kriver replay, ${count} M events`,
      measured: `${Math.round(bytes / megabyte)} MB`,
      target: `<= 300 MB, flat`,
      passes,
    });
  }
  return figures;
};
