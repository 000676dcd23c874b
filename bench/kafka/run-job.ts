import { once } from 'node:events';
import type { Job } from './job.ts';
import { count } from './jobs/count.ts';
import { fold } from './jobs/fold.ts';
import { ingest } from './jobs/ingest.ts';
import { send } from './jobs/send.ts';
import { takeOver } from './jobs/take-over.ts';
import type { Order, Said } from './worker.ts';

/** How a job talks to the benchmark that started it. */
export interface Talk {
  say(message: Said): void;
  ordered(order: Order): Promise<void>;
}

const talk: Talk = {
  say: (message) => void process.send?.(message),
  ordered: async (order) => {
    for (;;) {
      const [got] = (await once(process, 'message')) as [Order];
      if (got === order) return;
    }
  },
};

const run = (job: Job): Promise<unknown> => {
  switch (job.name) {
    case 'count':
      return count(job);
    case 'fold':
      return fold(job, talk);
    case 'send':
      return send(job);
    case 'ingest':
      return ingest(job);
    case 'take-over':
      return takeOver(job, talk);
  }
};

/** One job in a process of its own: `node run-job.js JOB`. */
talk.say({ kind: 'done', result: await run(JSON.parse(String(process.argv[2]))) });
process.disconnect?.();
