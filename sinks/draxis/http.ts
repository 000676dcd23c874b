import type { FetchLike } from '@modelcontextprotocol/client';
import type { Clock } from '../../runtime/clock.ts';
import type { Secret } from '../../runtime/secret.ts';

const longestBody = 2_000;

/** An answer of 400 or above. The MCP client would hide the status of some and the Retry-After of all of them. */
export class HttpFailure extends Error {
  readonly status: number;
  /** How long the server asks to wait; undefined when it does not say. */
  readonly retryAfterMs: number | undefined;

  constructor(status: number, text: string, retryAfterMs: number | undefined) {
    super(`HTTP ${status} ${text}`.trim());
    this.name = 'HttpFailure';
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Milliseconds to wait, from a Retry-After in seconds or as an HTTP date (RFC 9110, 10.2.3). */
export const parseRetryAfter = (header: string | null, nowMs: number): number | undefined => {
  if (header === null) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1_000;
  const timeMs = Date.parse(header);
  return Number.isNaN(timeMs) ? undefined : Math.max(0, timeMs - nowMs);
};

/**
 * The fetch that the MCP transport uses: sets the bearer token and throws `HttpFailure` for 400 and above.
 * A GET is answered here with 405, which the protocol allows: it would open a stream for messages that the server
 * sends by itself, and we wait for none.
 */
export const createDraxisFetch = (options: { token: Secret; fetch: FetchLike; clock: Clock }): FetchLike => {
  return async (url, init) => {
    if (init?.method === 'GET') return new Response(null, { status: 405 });
    const headers = new Headers(init?.headers);
    headers.set('authorization', `Bearer ${options.token.reveal()}`);
    const response = await options.fetch(url, { ...init, headers: Object.fromEntries(headers) });
    if (response.status < 400) return response;
    const text = (await response.text().catch(() => '')).slice(0, longestBody);
    throw new HttpFailure(
      response.status,
      text,
      parseRetryAfter(response.headers.get('retry-after'), options.clock.now()),
    );
  };
};
