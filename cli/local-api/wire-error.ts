import { AppError, type ErrorCode, errorCodes } from '../../runtime/errors.ts';
import { maskSecrets } from '../mask.ts';

/** How an error travels over the socket. */
export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

/** A defect says nothing of itself: the log of the process that has it does. */
export const toWireError = (error: unknown): WireError =>
  error instanceof AppError
    ? { code: error.code, message: maskSecrets(error.message), hint: maskSecrets(error.hint) }
    : { code: 'internal', message: 'The running process failed to answer.', hint: 'Its log says why.' };

const isWireError = (value: unknown): value is WireError => {
  const { code, message, hint } = (value ?? {}) as Partial<Record<keyof WireError, unknown>>;
  return typeof code === 'string' && code in errorCodes && typeof message === 'string' && typeof hint === 'string';
};

export const fromWireError = (value: unknown): AppError =>
  isWireError(value)
    ? new AppError(value.code, value.message, { hint: value.hint })
    : new AppError('internal', 'The running process gave an answer that is none.', {
        hint: 'Is it of another version? Stop it and start it again.',
      });
