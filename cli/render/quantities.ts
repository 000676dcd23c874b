import { dayMs, hourMs, minuteMs } from '../../schemas/time.ts';

/** `1,204,113`, the same on every machine. */
export const formatCount = (count: number): string =>
  Math.round(count)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');

/** A percentage with its one decimal, a count without. */
export const formatValue = (value: number | null, unit: '%' | ''): string => {
  if (value === null) return '—';
  return unit === '%' ? `${value.toFixed(1)} %` : formatCount(value);
};

/** `8 s`, `3 min`, `2 h 5 min`, `4 d 3 h`: two units where the first one alone would be coarse. */
export const formatDuration = (durationMs: number): string => {
  const duration = Math.max(0, durationMs);
  if (duration < minuteMs) return `${Math.floor(duration / 1000)} s`;
  if (duration < hourMs) return `${Math.floor(duration / minuteMs)} min`;
  const [unit, unitName, rest, restName] =
    duration < dayMs ? ([hourMs, 'h', minuteMs, 'min'] as const) : ([dayMs, 'd', hourMs, 'h'] as const);
  const remainder = Math.floor((duration % unit) / rest);
  return `${Math.floor(duration / unit)} ${unitName}${remainder === 0 ? '' : ` ${remainder} ${restName}`}`;
};

/** `12 s ago`; a time ahead of `now`, as servers' clocks may be, is `now`. */
export const formatAge = (atMs: number, nowMs: number): string =>
  nowMs - atMs < 1000 ? 'now' : `${formatDuration(nowMs - atMs)} ago`;

/** A share of at most 1: whole percent, rounded down, so that 100 % means all. */
export const formatShare = (share: number): string => `${Math.floor(share * 100 + 1e-9)} %`;

/** `14:03` in UTC. */
export const formatClock = (timeMs: number): string => new Date(timeMs).toISOString().slice(11, 16);
