import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, expect } from 'vitest';
import { draxisToken, oktaToken } from './simulated-org.ts';

const entry = fileURLToPath(new URL('../../bin/kriver.mjs', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly error: string;
}

/** The tenant's part of a Draxis token is no secret; what follows the dot is. */
const secrets = [oktaToken, draxisToken.slice(draxisToken.indexOf('.') + 1)];

export const expectNoSecret = (text: string): void => {
  for (const secret of secrets) expect(text.includes(secret), 'a token was printed').toBe(false);
};

/** What a failed test has left running. */
const running = new Set<ChildProcess>();
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
});

/** The program as people start it, built when it is stale, with nothing of this process's environment but its path. */
export const startProgram = (
  args: readonly string[],
  options: { directory: string; environment?: Readonly<Record<string, string>>; node?: readonly string[] },
) => {
  const { directory, environment = {}, node = [] } = options;
  const child: ChildProcess = spawn(process.execPath, [...node, entry, ...args], {
    cwd: directory,
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const text = { out: '', error: '' };
  const watchers = new Set<() => void>();
  for (const stream of ['out', 'error'] as const) {
    (stream === 'out' ? child.stdout : child.stderr)?.setEncoding('utf8').on('data', (chunk: string) => {
      text[stream] += chunk;
      for (const watch of [...watchers]) watch();
    });
  }
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => {
      running.delete(child);
      for (const watch of [...watchers]) watch();
      resolve({ code, signal, ...text });
    });
  }).then((result) => {
    expectNoSecret(result.out + result.error);
    return result;
  });
  return {
    ended,
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    /** Resolves when the output so far satisfies; rejects when the program ends before. */
    until: (isEnough: (output: { out: string; error: string }) => boolean): Promise<void> =>
      new Promise((resolve, reject) => {
        const watch = () => {
          if (isEnough(text)) resolve();
          else if (child.exitCode === null && child.signalCode === null) return;
          else reject(new Error(`it ended too early, with ${child.exitCode}:\n${text.error}`));
          watchers.delete(watch);
        };
        watchers.add(watch);
        watch();
      }),
  };
};

export const runProgram = (...start: Parameters<typeof startProgram>): Promise<Ended> => startProgram(...start).ended;
