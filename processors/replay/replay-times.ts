import { minutesPerDay } from '../../schemas/time.ts';

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

/** `90m`, `1h`, `1d` as whole minutes, or undefined. */
export const parseEvery = (text: string): number | undefined => {
  const match = /^([1-9]\d{0,4})([mhd])$/.exec(text);
  if (match === null) return undefined;
  const factor = { m: 1, h: 60, d: minutesPerDay }[match[2] as 'm' | 'h' | 'd'];
  return Number(match[1]) * factor;
};
