import { foldFacts } from './fold-facts.ts';
import { parseLines } from './parse-lines.ts';
import { createReplayAndRows } from './replay-and-rows.ts';
import type { Workload } from './workload.ts';

export const workloads = {
  'parse-lines': parseLines,
  'replay-last': createReplayAndRows({ kind: 'last' }),
  'replay-hourly': createReplayAndRows({ kind: 'every', minutes: 60 }),
  'fold-facts': foldFacts,
} satisfies Record<string, Workload>;

export type WorkloadName = keyof typeof workloads;
