import { minutesPerDay, toMinute } from '../../schemas/time.ts';

/** An event at time t is in the 24 h window of every T with toMinute(t) <= T < toMinute(t) + 1440. */
export const dayWindow = (timeMs: number): Minutes => {
  const from = toMinute(timeMs);
  return { from, to: from + minutesPerDay };
};

/** Minutes T with from <= T < to. */
export interface Minutes {
  readonly from: number;
  readonly to: number;
}

/** Intervals, ascending by their beginning, as disjoint ones: where at least one of them is. Empty ones are left out. */
export const unionOf = (intervals: readonly Minutes[]): readonly Minutes[] => {
  const union: { from: number; to: number }[] = [];
  for (const { from, to } of intervals) {
    if (to <= from) continue;
    const last = union.at(-1);
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
    else union.push({ from, to });
  }
  return union;
};

/** Where at least one of several events, ascending, is in the 24 h window. */
export const unionOfDayWindows = (timesMs: readonly number[]): readonly Minutes[] => unionOf(timesMs.map(dayWindow));
