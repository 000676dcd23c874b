import { minutesPerDay, toMinute } from '../../schemas/time.ts';

/** An event at time t is in the 24 h window of every T with toMinute(t) <= T < toMinute(t) + 1440. */
export const dayWindow = (timeMs: number): { from: number; to: number } => {
  const from = toMinute(timeMs);
  return { from, to: from + minutesPerDay };
};

/** The windows of several events as disjoint intervals: where at least one of them is in the window. */
export const unionOfDayWindows = (timesMs: readonly number[]): readonly { from: number; to: number }[] => {
  const union: { from: number; to: number }[] = [];
  for (const timeMs of timesMs) {
    const window = dayWindow(timeMs);
    const last = union.at(-1);
    if (last !== undefined && window.from <= last.to) last.to = Math.max(last.to, window.to);
    else union.push(window);
  }
  return union;
};
