import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../runtime/clock.ts';

/** One engine, by its process. Its ports and data stay the same over every start. */
export interface Engine {
  /** The process that runs, undefined while none does. */
  pid(): number | undefined;
  /** Resolves when the engine answers; does nothing when it runs. Rejects with the end of its log when it does not. */
  start(): Promise<void>;
  /** Ends it in order, or by force when that takes too long. */
  stop(): Promise<void>;
  /** Ends it as a power cut would. */
  kill(): Promise<void>;
  /** Where it writes what it says, appended over every start. */
  readonly logFile: string;
}

export interface EngineCommand {
  readonly name: string;
  /** Where its log and its data lie; made when missing. */
  readonly directory: string;
  readonly program: string;
  readonly args: readonly string[];
  /** It ends in order when its standard input closes, and abruptly when it is asked by a signal. */
  readonly endsWithInput?: boolean;
  /** How long it may take to end in order; ten seconds when missing. */
  readonly stopLimitMs?: number;
  /** What is to be done before the program starts, each time. */
  prepare?(): Promise<void>;
  /** Resolves when the engine answers, rejects when it does not yet: it is asked until it does. */
  isReady(): Promise<void>;
}

const startLimitMs = 120_000;
const defaultStopLimitMs = 10_000;
const askAgainMs = 100;
const shownLogLength = 3_000;

/**
 * Ends the process when this one is gone, however it went: only this process holds the other end of the guard's standard
 * input, which closes with it. A session of its own keeps the guard from the signals of a terminal.
 */
const guard = (pid: number): ChildProcess => {
  const script = 'read -r _; kill -9 "$1" 2>/dev/null';
  const child = spawn('sh', ['-c', script, 'guard', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  child.unref();
  return child;
};

/** Builds an engine; nothing starts. Its standard input is open for as long as this process lives and it is not stopped. */
export const createEngine = (command: EngineCommand): Engine => {
  const { name, directory, program, args, stopLimitMs = defaultStopLimitMs } = command;
  const logFile = join(directory, `${name}.log`);
  let running: ChildProcess | undefined;

  const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;

  const launch = async (): Promise<ChildProcess> => {
    const log = openSync(logFile, 'a');
    // A session of its own: Ctrl-C reaches the process that started it, which stops it in order.
    const child = spawn(program, [...args], { stdio: ['pipe', log, log], detached: true });
    closeSync(log);
    await once(child, 'spawn');
    child.stdin?.on('error', () => {});
    const watching = guard(child.pid ?? 0);
    child.once('exit', () => {
      watching.kill('SIGKILL');
      if (running === child) running = undefined;
    });
    return child;
  };

  const waitUntilReady = async (child: ChildProcess): Promise<void> => {
    const endMs = systemClock.now() + startLimitMs;
    let problem = '';
    while (isRunning(child) && systemClock.now() < endMs) {
      try {
        return await command.isReady();
      } catch (error) {
        problem = String(error);
        await systemClock.sleep(askAgainMs);
      }
    }
    const what = isRunning(child) ? `does not answer: ${problem}` : `ended with ${child.exitCode ?? child.signalCode}`;
    await kill();
    throw new Error(`${name} ${what}\n${readFileSync(logFile, 'utf8').slice(-shownLogLength)}`);
  };

  const end = async (ask: (child: ChildProcess) => void): Promise<void> => {
    const child = running;
    if (child === undefined) return;
    const exited = once(child, 'exit');
    ask(child);
    const waiting = new AbortController();
    const isLate = await Promise.race([
      exited.then(() => false),
      systemClock.sleep(stopLimitMs, waiting.signal).then(() => true),
    ]);
    waiting.abort();
    if (isLate) child.kill('SIGKILL');
    await exited;
  };
  const kill = () => end((child) => child.kill('SIGKILL'));

  return {
    logFile,
    pid: () => running?.pid,
    start: async () => {
      if (running !== undefined) return;
      mkdirSync(directory, { recursive: true });
      await command.prepare?.();
      const child = await launch();
      running = child;
      await waitUntilReady(child);
    },
    stop: () =>
      end((child) => {
        child.stdin?.end();
        if (command.endsWithInput !== true) child.kill('SIGTERM');
      }),
    kill,
  };
};
