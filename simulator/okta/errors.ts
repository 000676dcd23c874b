/** What a route answers. `next` is the path and query of the following page; lists always carry a `self` link. */
export interface Reply {
  status: number;
  body: string;
  next?: string;
  links?: boolean;
}

const summaries = {
  E0000001: [400, 'Api validation failed'],
  E0000005: [401, 'Invalid session'],
  E0000006: [403, 'You do not have permission to perform the requested action'],
  E0000007: [404, 'Not found: Resource not found'],
  E0000009: [500, 'Internal Server Error'],
  E0000010: [503, 'Service is in read only mode'],
  E0000011: [401, 'Invalid token provided'],
  E0000022: [405, 'The endpoint does not support the provided HTTP method'],
  E0000031: [400, 'Invalid search criteria.'],
  E0000047: [429, 'API call exceeded rate limit due to too many requests.'],
  E0000053: [400, 'Invalid filter'],
} as const satisfies Record<string, readonly [number, string]>;

export type ErrorCode = keyof typeof summaries;

/** Okta's error envelope, with the status that goes with the code. */
export const toError = (errorCode: ErrorCode, detail?: string, cause?: string): Reply => {
  const [status, summary] = summaries[errorCode];
  const body = {
    errorCode,
    errorSummary: detail === undefined ? summary : `${summary}: ${detail}`,
    errorLink: errorCode,
    errorId: `oae${errorCode}simulated`,
    errorCauses: cause === undefined ? [] : [{ errorSummary: cause }],
  };
  return { status, body: JSON.stringify(body) };
};

export const toJson = (value: unknown): Reply => ({ status: 200, body: JSON.stringify(value) });
