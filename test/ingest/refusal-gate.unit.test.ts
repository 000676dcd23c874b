import { describe, expect, it } from 'vitest';
import { createRefusalGate } from '../../ingest/okta/refusal-gate.ts';
import { createVirtualClock } from '../../runtime/clock.ts';
import { AppError } from '../../runtime/errors.ts';

const minuteMs = 60_000;
const forbidden = new AppError('okta-forbidden', 'No', { hint: '' });

describe('createRefusalGate', () => {
  it('lets one probe pass 15 minutes after the refusal, however often it was asked before', () => {
    const clock = createVirtualClock(0);
    const gate = createRefusalGate(clock);
    gate.refused('factors', forbidden);
    clock.advance(10 * minuteMs);
    expect(gate.pass('factors')).toBe(forbidden);
    expect(gate.pass('users')).toBeUndefined();
    clock.advance(5 * minuteMs);
    expect(gate.refusal('factors')).toBeUndefined();
    expect(gate.pass('factors')).toBeUndefined();
    expect(gate.pass('factors')).toBe(forbidden);
  });

  it('does not hold back for ever when the clock jumps back', () => {
    const clock = createVirtualClock(0);
    const gate = createRefusalGate(clock);
    gate.refused('factors', forbidden);
    clock.advance(-1);
    expect(gate.pass('factors')).toBeUndefined();
  });
});
