import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createVirtualClock } from '../../runtime/clock.ts';
import { resumeSimulatedTime, runSimulatedTime } from '../../simulator/index.ts';
import { readSimulatedTime } from '../../simulator/simulated-time.ts';
import { startMs } from './read-world.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kriver-simulated-time-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('simulated time', () => {
  it('stands still while nothing runs and continues two minutes on, over the same history', async () => {
    const path = join(folder, 'new', 'time.json');
    expect(resumeSimulatedTime(path, 5, startMs)).toEqual({ seed: 5, startMs, nowMs: startMs });
    const clock = createVirtualClock(startMs);
    const pace = createVirtualClock(0);
    const stop = new AbortController();
    const running = runSimulatedTime(path, { seed: 5, startMs }, clock, pace, stop.signal);
    expect(readSimulatedTime(path)?.nowMs).toBe(startMs);
    clock.advance(90_000);
    pace.advance(1000);
    await expect.poll(() => readSimulatedTime(path)?.nowMs).toBe(startMs + 90_000);
    clock.advance(5);
    stop.abort();
    await running;
    expect(resumeSimulatedTime(path, 5, startMs + 999_999_999)).toEqual({
      seed: 5,
      startMs,
      nowMs: startMs + 90_005 + 120_000,
    });
    expect(readdirSync(join(folder, 'new'))).toEqual(['time.json']);
  });

  it('begins anew for another seed, and refuses a file that is something else', () => {
    const path = join(folder, 'time.json');
    writeFileSync(path, JSON.stringify({ seed: 5, startMs, nowMs: startMs + 1 }));
    expect(resumeSimulatedTime(path, 6, 42)).toEqual({ seed: 6, startMs: 42, nowMs: 42 });
    writeFileSync(path, '{"seed":');
    expect(() => resumeSimulatedTime(path, 5, 42)).toThrow();
  });
});
