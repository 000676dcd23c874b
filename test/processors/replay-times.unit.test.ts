import { describe, expect, it } from 'vitest';
import { toMinutes } from '../../processors/replay/replay-times.ts';

describe('the minutes of a replay', () => {
  it('are ascending and without repeats when named', () => {
    expect(toMinutes({ kind: 'at', minutes: [9, 3, 9] }, 1, 5)).toEqual([3, 9]);
  });

  it('begin with the first step that is not before the first event, and end with the last event', () => {
    expect(toMinutes({ kind: 'every', minutes: 10 }, 20, 40)).toEqual([20, 30, 40]);
    expect(toMinutes({ kind: 'every', minutes: 10 }, 21, 45)).toEqual([30, 40, 45]);
  });

  it('are that of the last event unless others are asked for', () => {
    expect(toMinutes({ kind: 'last' }, 20, 40)).toEqual([40]);
  });
});
