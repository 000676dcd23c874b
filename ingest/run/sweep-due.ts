import type { Sweep } from '../../schemas/progress.ts';
import { minuteMs } from '../../schemas/time.ts';

/** Whether a sweep of a kind is to go on or begin: none was ever, one is under way, or the last began a pace ago. */
export const isSweepDue = (last: Sweep | undefined, nowMs: number, paceMinutes: number): boolean =>
  last === undefined || last.completed === null || nowMs - Date.parse(last.began) >= paceMinutes * minuteMs;
