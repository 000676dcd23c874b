import type { Clock } from '../../runtime/clock.ts';
import type { AppError } from '../../runtime/errors.ts';
import { oktaFailure } from './okta-error.ts';
import type { RequestKind } from './request-kind.ts';

const holdMs = 15 * 60_000;

interface Bar {
  readonly error: AppError;
  untilMs: number;
}

/**
 * Remembers refusals so that a dead token causes no storm: after a 401 one request in 15 minutes for the whole org,
 * after a 403 one in 15 minutes for that kind of request. All others fail at once with the same error.
 */
export interface RefusalGate {
  /** The error to fail with, or undefined when the request may go. Changes nothing: for asking before a wait. */
  refusal(kind: RequestKind): AppError | undefined;
  /** The same, just before sending: a request that may go although its bar stands is the one probe of 15 minutes. */
  pass(kind: RequestKind): AppError | undefined;
  refused(kind: RequestKind, error: AppError): void;
  accepted(kind: RequestKind): void;
}

export const createRefusalGate = (clock: Clock): RefusalGate => {
  let dead: Bar | undefined;
  const forbidden = new Map<RequestKind, Bar>();
  const barsOf = (kind: RequestKind): Bar[] => [dead, forbidden.get(kind)].filter((bar) => bar !== undefined);
  const refusal = (kind: RequestKind): AppError | undefined =>
    barsOf(kind).find((bar) => {
      const left = bar.untilMs - clock.now();
      return left > 0 && left <= holdMs;
    })?.error;
  return {
    refusal,
    pass: (kind) => {
      const error = refusal(kind);
      if (error === undefined) for (const bar of barsOf(kind)) bar.untilMs = clock.now() + holdMs;
      return error;
    },
    refused: (kind, error) => {
      const bar = { error, untilMs: clock.now() + holdMs };
      if (error.code === 'okta-unauthorised') dead = bar;
      // E0000038 is about the state of one user, not about what the token may read.
      else if (oktaFailure(error)?.errorCode !== 'E0000038') forbidden.set(kind, bar);
    },
    accepted: (kind) => {
      dead = undefined;
      forbidden.delete(kind);
    },
  };
};
