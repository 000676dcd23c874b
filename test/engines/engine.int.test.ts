import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test, vi } from 'vitest';
import { createEngine } from './engine.ts';

const directory = await mkdtemp(join(tmpdir(), 'kriver-engine-'));
afterAll(() => rm(directory, { recursive: true, force: true }));

const owner = fileURLToPath(new URL('./engine-owner-child.ts', import.meta.url));

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

const sleeper = (name: string, script: string, isReady = async () => {}, stopLimitMs = 60_000) =>
  createEngine({ name, directory, program: 'sh', args: ['-c', script], stopLimitMs, isReady });

test('an engine does not outlive the process that started it, even one that was killed', async () => {
  const parent = spawn(process.execPath, ['--import', 'tsx', owner, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface({ input: parent.stdout }), 'line');
  const pid = Number(line);
  expect(isAlive(pid)).toBe(true);
  parent.kill('SIGKILL');
  await vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 10_000, interval: 20 });
});

test('an engine that ends before it answers is reported with the end of its log', async () => {
  const engine = sleeper('broken', 'echo no such disk >&2; exit 7', () => Promise.reject(new Error('not yet')));
  await expect(engine.start()).rejects.toThrow(/broken ended with 7\n(.*\n)*no such disk/);
  expect(engine.pid()).toBeUndefined();
});

test('an engine that does not heed SIGTERM is stopped by force', async () => {
  const engine = sleeper('stubborn', "trap '' TERM; while :; do sleep 0.1; done", undefined, 300);
  await engine.start();
  const pid = engine.pid() ?? 0;
  await engine.stop();
  expect(engine.pid()).toBeUndefined();
  expect(isAlive(pid)).toBe(false);
});
