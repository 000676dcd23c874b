import type { Progress } from '../../schemas/progress.ts';

export type Interval = readonly [fromMs: number, toMs: number];

export const toIntervals = (spans: Progress['spans']): readonly Interval[] =>
  spans.map(({ from, to }) => [Date.parse(from), Date.parse(to)]);

/** The share of (from, to] that the intervals cover, cut (not rounded) to six decimals so that 1 means all of it. */
export const toCoverage = (intervals: readonly Interval[], fromMs: number, toMs: number): number => {
  let covered = 0;
  for (const [from, to] of intervals) covered += Math.max(0, Math.min(to, toMs) - Math.max(from, fromMs));
  return Math.floor((covered / (toMs - fromMs)) * 1e6) / 1e6;
};
