import { describe, expect, it } from 'vitest';
import { isSweepDue } from '../../ingest/run/sweep-due.ts';
import type { Sweep } from '../../schemas/progress.ts';

const began = '2026-03-01T12:00:00.000Z';
const minutesLater = (minutes: number): number => Date.parse(began) + minutes * 60_000;
const sweep = (completed: string | null): Sweep => ({
  kind: 'sweep',
  sweep: 'users',
  began,
  completed,
  state: 'ok',
  wanted: 3,
  read: 3,
  next: null,
});

describe('a sweep is due', () => {
  it('when there was none, and when one is under way', () => {
    expect(isSweepDue(undefined, minutesLater(0), 60)).toBe(true);
    expect(isSweepDue(sweep(null), minutesLater(1), 60)).toBe(true);
  });

  it('a pace after the last one began, and not before', () => {
    expect(isSweepDue(sweep(began), minutesLater(59), 60)).toBe(false);
    expect(isSweepDue(sweep(began), minutesLater(60), 60)).toBe(true);
  });
});
