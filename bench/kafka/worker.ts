import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Job } from './job.ts';

const program = fileURLToPath(new URL('run-job.js', import.meta.url));

/** What a worker says. `assigned`: how many partitions of the log it has now. `done`: what its job gave. */
export type Said =
  | { readonly kind: 'ready' }
  | { readonly kind: 'assigned'; readonly partitions: number }
  | { readonly kind: 'done'; readonly result: unknown };

export type Order = 'go' | 'stop';

/** A process of its own that does one job, so that CPU time is that of the job alone. */
export const startWorker = (job: Job) => {
  const flags = (process.env['KRIVER_BENCH_FLAGS'] ?? '').split(' ').filter((flag) => flag !== '');
  const child: ChildProcess = spawn(process.execPath, ['--expose-gc', ...flags, program, JSON.stringify(job)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const said: Said[] = [];
  let wake = () => {};
  let ended = false;
  child.on('message', (message) => {
    said.push(message as Said);
    wake();
  });
  child.on('close', () => {
    ended = true;
    wake();
  });
  const until = async <Found>(find: () => Found | undefined): Promise<Found> => {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      if (ended) throw new Error(`A worker ended with ${child.exitCode}: ${JSON.stringify(job)}`);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return {
    ready: () => until(() => said.find(({ kind }) => kind === 'ready')),
    /** Waits until it has so many partitions of the log. */
    has: (partitions: number) =>
      until(() => {
        const last = said.findLast((message) => message.kind === 'assigned');
        return last?.kind === 'assigned' && last.partitions === partitions ? true : undefined;
      }),
    order: (order: Order): void => void child.send(order),
    result: async <Result>(): Promise<Result> => {
      const done = await until(() => said.find((message) => message.kind === 'done'));
      if (!ended) await once(child, 'close');
      return (done as { result: Result }).result;
    },
  };
};
