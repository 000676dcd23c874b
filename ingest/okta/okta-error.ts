import { AppError, type ErrorCode } from '../../runtime/errors.ts';
import { oktaErrorSchema } from '../../schemas/okta/error.ts';
import { privateAddressCode } from './dispatcher.ts';

/** The cause of every AppError of the client: what a caller may decide on. Holds no header, so never the token. */
export interface OktaFailure {
  readonly status?: number;
  readonly errorCode?: string;
  readonly requestId?: string;
  /** Code of a failed connection, such as ENOTFOUND. */
  readonly network?: string;
}

export const oktaFailure = (error: unknown): OktaFailure | undefined =>
  error instanceof AppError && error.code.startsWith('okta-') ? (error.cause as OktaFailure | undefined) : undefined;

const longestText = 300;

/** Text from outside, fit for a message: control characters become blanks, and its length is bounded. */
export const plainText = (text: string): string => {
  const plain = text
    .slice(0, 4 * longestText)
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim();
  return plain.length > longestText ? `${plain.slice(0, longestText)}…` : plain;
};

/** E0000015 is a 401 too, but says that the org lacks a feature: the token is alive, and only this call is refused. */
const featureMissing = 'E0000015';

const hints = {
  'okta-unauthorised':
    'The API token is wrong, expired (30 days without use) or its service account was deactivated. Mint a new token from the service account and store it with `kriver secret`.',
  'okta-forbidden':
    "The service account's role does not include this call. Give it the Read-Only Administrator role, or a custom role that reads users, apps, policies and the System Log.",
  'okta-rate-limited':
    "Okta's rate limit for this token is used up and stayed so. Kriver goes on later; lower rate_share or concurrency if other clients need the limit too.",
  'okta-unavailable': 'Okta answered with an error of its own. See https://status.okta.com; Kriver tries again later.',
  'okta-request-invalid':
    'Okta refused the request itself. If this goes on, report it with the request id; a cursor that expired is replaced by itself.',
  'okta-not-found': 'What was asked for is not there (any more), or the base URL is that of another org.',
  'okta-response-invalid':
    'The answer was not one of Okta’s API. Check the base URL, and whether a proxy or captive portal answers in its place.',
} as const satisfies Partial<Record<ErrorCode, string>>;

const codeOf = (status: number, errorCode: string | undefined): keyof typeof hints => {
  if (status === 401) return errorCode === featureMissing ? 'okta-forbidden' : 'okta-unauthorised';
  if (status === 403) return 'okta-forbidden';
  if (status === 404) return 'okta-not-found';
  if (status === 429) return 'okta-rate-limited';
  if (status >= 500) return 'okta-unavailable';
  return status >= 400 ? 'okta-request-invalid' : 'okta-response-invalid';
};

const hintOf = (code: keyof typeof hints, errorCode: string | undefined): string =>
  errorCode === featureMissing ? 'This feature is not enabled in the org. Kriver goes on without it.' : hints[code];

/** The error for an answer that is not 2xx: which call, status, Okta's code and summary, request id. */
export const toStatusError = (call: {
  method: string;
  path: string;
  status: number;
  json: unknown;
  challenge: string | undefined;
  requestId: string | undefined;
}): AppError => {
  const envelope = oktaErrorSchema.safeParse(call.json);
  const errorCode = envelope.success ? plainText(envelope.data.errorCode).slice(0, 20) : undefined;
  const code = codeOf(call.status, errorCode);
  const summary = envelope.success
    ? plainText(`${errorCode}: ${envelope.data.errorSummary ?? 'no summary'}`)
    : plainText(call.challenge ?? 'no error envelope');
  const request = call.requestId === undefined ? '' : ` (request ${plainText(call.requestId)})`;
  return new AppError(code, `${call.method} ${call.path}: ${call.status} ${summary}${request}`, {
    hint: hintOf(code, errorCode),
    cause: {
      status: call.status,
      ...(errorCode === undefined ? {} : { errorCode }),
      ...(call.requestId === undefined ? {} : { requestId: call.requestId }),
    } satisfies OktaFailure,
  });
};

/** The error for a 2xx answer that cannot be used: cut, not JSON, without Date, too large. */
export const toBodyError = (call: { method: string; path: string }, problem: string, requestId?: string): AppError =>
  new AppError('okta-response-invalid', `${call.method} ${call.path}: ${problem}`, {
    hint: hints['okta-response-invalid'],
    cause: (requestId === undefined ? {} : { requestId }) satisfies OktaFailure,
  });

const tlsCodes = /^(ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO)/;

/** Whether trying again can help: a wrong certificate or a private address stays what it is. */
export const isLasting = (network: string): boolean => network === privateAddressCode || tlsCodes.test(network);

const networkHint = (network: string): string => {
  if (network === privateAddressCode) {
    return 'The host resolves to a private address, which no Okta org has. Check the base URL and the resolver; behind a proxy, set it in the configuration.';
  }
  if (tlsCodes.test(network)) {
    return 'The certificate is not trusted. If a company proxy re-signs TLS, set ca_file to its authority; else do not go on.';
  }
  if (network === 'ENOTFOUND' || network === 'EAI_AGAIN') {
    return 'The host name does not resolve. Check the base URL, the network and DNS.';
  }
  return 'Okta cannot be reached. Check network, firewall and proxy settings; Kriver tries again later.';
};

/** The code of what a connection failed with; undici wraps the system's error as its cause. */
export const networkCode = (error: unknown): string => {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 4; at = at.cause, depth += 1) {
    const code = (at as NodeJS.ErrnoException).code;
    if (typeof code === 'string' && /^[A-Z0-9_]{3,60}$/.test(code)) return code;
  }
  return error instanceof Error ? plainText(error.name) : 'unknown';
};

/** Takes the code only, never the message: undici's messages can hold header values, and so the token. */
export const toNetworkError = (call: { method: string; path: string }, network: string): AppError =>
  new AppError('okta-unreachable', `${call.method} ${call.path}: no answer (${network})`, {
    hint: networkHint(network),
    cause: { network } satisfies OktaFailure,
  });

export const toForeignLinkError = (target: string, origin: string): AppError =>
  new AppError('okta-link-foreign', `A link of Okta leads away from ${origin}: ${plainText(target).slice(0, 120)}`, {
    hint: 'The token is never sent elsewhere, and the cursor stays as it was. If the org has a custom domain, use the host that its links name as the base URL.',
    cause: {} satisfies OktaFailure,
  });
