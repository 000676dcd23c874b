import type { Progress } from '../schemas/progress.ts';
import { type Reason, reasons, type Score, toPercentage } from '../schemas/reading.ts';
import type { Outcome } from './indicator.ts';

/** Why a source gives nothing at all, when it never gave anything. */
export const toSourceReason = (state: Progress['state']): Reason | undefined =>
  state === 'forbidden' || state === 'unauthorised' ? state : undefined;

/**
 * A definition's figure with its status. Unknown has no numbers: silence and missing data never read as 0.
 * Of several reasons the first in the order of `reasons` is given.
 */
export const toScore = (input: {
  readonly outcome: Outcome;
  /** 0 to 1. Nothing covered is unknown, less than all is partial. */
  readonly coverage: number;
  readonly deadLetters: boolean;
  /** Set when the source may not be read. */
  readonly blocked?: Reason | undefined;
}): Score => {
  const { outcome, coverage, deadLetters, blocked } = input;
  const value = outcome.denominator === null ? outcome.numerator : toPercentage(outcome.numerator, outcome.denominator);
  // Of nearly every minute all is known, and then there is no reason to look for.
  if (value !== undefined && !blocked && !outcome.unknown && coverage === 1 && !deadLetters) {
    return { value, numerator: outcome.numerator, denominator: outcome.denominator, status: 'ok', coverage };
  }
  const unknown: (Reason | undefined)[] = [
    blocked,
    outcome.unknown,
    // A denominator of 0 says something only of what was read.
    value === undefined && outcome.unknown === undefined ? 'no data' : undefined,
    coverage === 0 ? 'coverage' : undefined,
  ];
  const partial: (Reason | undefined)[] = [
    coverage < 1 ? 'coverage' : undefined,
    deadLetters ? 'dead letters' : undefined,
  ];
  const reason = reasons.find((candidate) => unknown.includes(candidate) || partial.includes(candidate));
  if (value === undefined || unknown.some((candidate) => candidate !== undefined)) {
    return { value: null, numerator: null, denominator: null, status: 'unknown', ...(reason && { reason }), coverage };
  }
  const { numerator, denominator } = outcome;
  return reason === undefined
    ? { value, numerator, denominator, status: 'ok', coverage }
    : { value, numerator, denominator, status: 'partial', reason, coverage };
};
