/** Which minutes T a replay reads: those named, or every so many minutes, or that of the last event. */
export type ReplayTimes =
  | { readonly kind: 'at'; readonly minutes: readonly number[] }
  | { readonly kind: 'every'; readonly minutes: number }
  | { readonly kind: 'last' };

/** The minutes to read between the first and the last event; ascending, without repeats. */
export const toMinutes = (times: ReplayTimes, first: number, last: number): readonly number[] => {
  if (times.kind === 'at') return [...new Set(times.minutes)].sort((a, b) => a - b);
  if (times.kind === 'last') return [last];
  const minutes: number[] = [];
  for (let minute = Math.ceil(first / times.minutes) * times.minutes; minute < last; minute += times.minutes) {
    minutes.push(minute);
  }
  return [...minutes, last];
};
