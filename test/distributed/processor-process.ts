import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ProcessorOptions } from './processor-child.ts';

const script = fileURLToPath(new URL('./processor-child.ts', import.meta.url));

/** A processor as a process of its own, which is started again whenever it ends, as whoever runs Kriver would. */
export const createProcessor = (options: ProcessorOptions) => {
  let child: ChildProcess | undefined;
  let isWanted = true;
  let expected = false;
  /** Until then a SIGTERM would end it as it ends any program. */
  let ready: Promise<unknown> = Promise.resolve();
  let said = '';
  const ends: string[] = [];

  const start = (): void => {
    const started = spawn(process.execPath, ['--import', 'tsx', script, JSON.stringify(options)], {
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
    child = started;
    ready = Promise.race([once(started, 'message'), once(started, 'exit')]);
    const before = said.length;
    started.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    started.once('exit', (code, signal) => {
      if (!expected) ends.push(`${signal ?? code}: ${said.slice(before)}`);
      expected = false;
      if (isWanted) start();
    });
  };
  start();

  return {
    /** How it ended without being killed, with the last that it said. */
    ends: ends as readonly string[],
    /** What it said, over every start. */
    said: () => said,
    signal: (signal: 'SIGSTOP' | 'SIGCONT') => void child?.kill(signal),
    /** Ends it at once; the next one is under way. */
    kill: async (): Promise<void> => {
      const killed = child;
      if (killed === undefined) return;
      const exited = once(killed, 'exit');
      expected = true;
      killed.kill('SIGKILL');
      await exited;
    },
    /** Ends it in order, for good, and tells its exit code. */
    stop: async (): Promise<number | null> => {
      isWanted = false;
      const stopped = child;
      if (stopped === undefined) return null;
      const exited = once(stopped, 'exit');
      expected = true;
      await ready;
      stopped.kill('SIGTERM');
      const [code] = await exited;
      return code as number | null;
    },
    abandon: (): void => {
      isWanted = false;
      expected = true;
      child?.kill('SIGKILL');
    },
  };
};

export type Processor = ReturnType<typeof createProcessor>;
