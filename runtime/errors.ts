/** Exit codes, from sysexits: stable for automation. */
export const exitCodes = {
  ok: 0,
  checkFailed: 1,
  usage: 64,
  badData: 65,
  unreachable: 69,
  internal: 70,
  inputOutput: 74,
  tryLater: 75,
  notPermitted: 77,
  configuration: 78,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Every way in which Kriver gives up, and the exit code that a command then ends with. */
export const errorCodes = {
  'configuration-invalid': exitCodes.configuration,
  'usage-invalid': exitCodes.usage,
  'data-invalid': exitCodes.badData,
  'okta-unauthorised': exitCodes.notPermitted,
  'okta-forbidden': exitCodes.notPermitted,
  'okta-rate-limited': exitCodes.tryLater,
  'okta-unavailable': exitCodes.unreachable,
  'okta-unreachable': exitCodes.unreachable,
  'okta-request-invalid': exitCodes.badData,
  'okta-not-found': exitCodes.badData,
  'okta-response-invalid': exitCodes.unreachable,
  'okta-link-foreign': exitCodes.notPermitted,
  'draxis-unreachable': exitCodes.unreachable,
  'draxis-unauthorised': exitCodes.notPermitted,
  'draxis-refused': exitCodes.checkFailed,
  'draxis-incompatible': exitCodes.configuration,
  'clickhouse-missing': exitCodes.unreachable,
  'clickhouse-unavailable': exitCodes.unreachable,
  'clickhouse-refused': exitCodes.badData,
  'bus-unavailable': exitCodes.unreachable,
  'bus-unauthorised': exitCodes.notPermitted,
  'bus-refused': exitCodes.badData,
  'registry-unavailable': exitCodes.unreachable,
  'schema-incompatible': exitCodes.configuration,
  'secret-unreadable': exitCodes.configuration,
  'directory-in-use': exitCodes.tryLater,
  'directory-unwritable': exitCodes.inputOutput,
  'disk-full': exitCodes.inputOutput,
  'state-invalid': exitCodes.internal,
  internal: exitCodes.internal,
} as const satisfies Record<string, ExitCode>;

export type ErrorCode = keyof typeof errorCodes;

/**
 * What went wrong and what the operator does next. Everything that leaves a component as an exception is one of these;
 * anything else that is thrown is a defect and ends the process with 70.
 */
export class AppError extends Error {
  readonly code: ErrorCode;
  /** What to do next, in one or two sentences for the operator. */
  readonly hint: string;

  constructor(code: ErrorCode, message: string, options: { hint: string; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.hint = options.hint;
  }
}

/** The exit code for anything that was thrown. */
export const toExitCode = (error: unknown): ExitCode =>
  error instanceof AppError ? errorCodes[error.code] : exitCodes.internal;
