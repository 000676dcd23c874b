import { type Dispatcher, request } from 'undici';
import type { Clock } from '../../runtime/clock.ts';
import { AppError } from '../../runtime/errors.ts';
import type { Secret } from '../../runtime/secret.ts';
import { nextLink } from './link-header.ts';
import {
  isLasting,
  networkCode,
  oktaFailure,
  toBodyError,
  toForeignLinkError,
  toNetworkError,
  toStatusError,
} from './okta-error.ts';
import { createRateLimiter, type Priority } from './rate-limiter.ts';
import { readBody } from './read-body.ts';
import { createRefusalGate } from './refusal-gate.ts';
import { type RequestKind, toBucket, toRequestKind } from './request-kind.ts';
import { backoffMs, type LimitInfo, rateLimitWaitMs, toLimitInfo } from './retry.ts';

export interface OktaResponse {
  readonly status: number;
  /** The Date header: Okta's clock, whole seconds. */
  readonly dateMs: number;
  readonly body: Buffer;
  readonly json: unknown;
  /**
   * Okta's next link, checked to stay within the org and then without its origin: what is stored of it stays usable when
   * the org gets another host.
   */
  readonly next: string | undefined;
  readonly requestId: string | undefined;
  readonly limit: LimitInfo | undefined;
}

export interface GetOptions {
  readonly priority?: Priority;
  readonly signal?: AbortSignal;
  /** How often a failing request is tried in all, instead of the client's own number. */
  readonly attempts?: number;
}

/** One org's Okta API, read only. All requests of an org go through one client, so that one budget holds. */
export interface OktaClient {
  readonly origin: string;
  /**
   * GETs a path (/api/v1/… or /.well-known/…) or a next link of Okta's. Resolves with a 2xx answer whose JSON is whole;
   * waits for the rate limit and retries 429, 5xx, timeouts and bad bodies. Rejects with an AppError (`okta-…`) whose
   * cause is an OktaFailure, or with the signal's reason.
   */
  get(target: string, options?: GetOptions): Promise<OktaResponse>;
  /** The newest Date that any answer carried, errors too: Okta's clock as far as this process knows it. */
  dateMs(): number | undefined;
  /** Requests sent so far, by kind. */
  requests(): ReadonlyMap<RequestKind, number>;
}

export interface OktaClientOptions {
  readonly baseUrl: URL;
  readonly token: Secret;
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  /** In [0, 1): jitter. Math.random in production, seeded in tests. */
  readonly random: () => number;
  /** At most this part of each rate limit, as the token sees it. */
  readonly rateShare: number;
  readonly concurrency: number;
  readonly attempts?: number;
  readonly maxBodyBytes?: number;
  readonly userAgent?: string;
  /** Called before each wait for a retry, for logs and metrics. */
  readonly onRetry?: (event: { error: AppError; waitMs: number }) => void;
}

const defaultAttempts = 5;
const defaultMaxBodyBytes = 64 * 2 ** 20;
const longestLimited = 10;
const method = 'GET';

/**
 * The one place that turns a path or link into something that is sent: same origin, no user info, an API path. A
 * next link is text from outside, and a client that follows it anywhere gives the token away.
 */
export const toOktaUrl = (base: URL, target: string): URL => {
  if (!URL.canParse(target, base.href)) throw toForeignLinkError(target, base.origin);
  const url = new URL(target, base.href);
  const path = url.pathname;
  if (
    url.origin !== base.origin ||
    url.username !== '' ||
    url.password !== '' ||
    !(path.startsWith('/api/v1/') || path.startsWith('/.well-known/'))
  ) {
    throw toForeignLinkError(url.origin === base.origin ? path : url.origin, base.origin);
  }
  return url;
};

const parseJson = (body: Buffer): { json: unknown } | undefined => {
  try {
    return { json: JSON.parse(body.toString('utf8')) };
  } catch {
    return undefined;
  }
};

const one = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);

/** What came of one try. `limited`: a 429, with what its headers said. */
type Attempt =
  | { readonly ok: true; readonly response: OktaResponse }
  | {
      readonly ok: false;
      readonly error: AppError;
      readonly retry: boolean;
      readonly limited?: { readonly info: LimitInfo | undefined; readonly dateMs: number | undefined };
    };

export const createOktaClient = (options: OktaClientOptions): OktaClient => {
  const { baseUrl, clock, random, dispatcher } = options;
  const token = options.token.reveal();
  // Checked here because undici's complaint about an invalid header value prints that value.
  if (!/^[\x21-\x7e]{1,4096}$/.test(token)) {
    throw new AppError(
      'configuration-invalid',
      'The Okta API token is empty or holds blanks or characters that no token has.',
      {
        hint: 'Store the token again, without quotes, blanks and line ends: `kriver secret`.',
      },
    );
  }
  const limiter = createRateLimiter({ clock, random, share: options.rateShare, concurrency: options.concurrency });
  const gate = createRefusalGate(clock);
  const counts = new Map<RequestKind, number>();
  const maxBodyBytes = options.maxBodyBytes ?? defaultMaxBodyBytes;
  let newestDateMs: number | undefined;

  const send = async (
    url: URL,
    kind: RequestKind,
    retry: Record<string, string>,
    signal?: AbortSignal,
  ): Promise<Attempt> => {
    const call = { method, path: url.pathname };
    const bucket = toBucket(kind);
    let info: LimitInfo | undefined;
    let dateMs: number | undefined;
    try {
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
      const answer = await request(url, {
        method,
        dispatcher,
        headers: {
          // The organization page is public: the token is not shown where it is not asked for.
          ...(kind === 'organization' ? {} : { authorization: `SSWS ${token}` }),
          accept: 'application/json',
          'accept-encoding': 'gzip',
          'user-agent': options.userAgent ?? 'kriver',
          ...retry,
        },
        signal: signal ?? null,
      });
      const { statusCode: status, headers } = answer;
      const parsedDate = Date.parse(one(headers.date) ?? '');
      if (!Number.isNaN(parsedDate)) dateMs = parsedDate;
      if (dateMs !== undefined) newestDateMs = Math.max(newestDateMs ?? dateMs, dateMs);
      info = toLimitInfo(headers);
      const requestId = one(headers['x-okta-request-id']);
      const read = await readBody(answer.body, headers, maxBodyBytes);
      const parsed = read.ok ? parseJson(read.body) : undefined;
      if (status < 200 || status > 299) {
        const challenge = one(headers['www-authenticate']);
        const error = toStatusError({ ...call, status, json: parsed?.json, challenge, requestId });
        if (status === 401 || status === 403) gate.refused(kind, error);
        if (status === 429) {
          return { ok: false, error, retry: true, limited: { info, dateMs } };
        }
        return { ok: false, error, retry: status >= 500 && status !== 501 };
      }
      if (!read.ok) return { ok: false, error: toBodyError(call, read.problem, requestId), retry: true };
      if (parsed === undefined)
        return { ok: false, error: toBodyError(call, 'the answer is not JSON', requestId), retry: true };
      if (dateMs === undefined)
        return { ok: false, error: toBodyError(call, 'the answer has no Date', requestId), retry: true };
      if (kind !== 'organization') gate.accepted(kind);
      const link = nextLink(headers.link);
      const follow = link === undefined ? undefined : toOktaUrl(baseUrl, link);
      const next = follow === undefined ? undefined : `${follow.pathname}${follow.search}`;
      return {
        ok: true,
        response: { status, dateMs, body: read.body, json: parsed.json, next, requestId, limit: info },
      };
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof AppError) return { ok: false, error, retry: false };
      const network = networkCode(error);
      return { ok: false, error: toNetworkError(call, network), retry: !isLasting(network) };
    } finally {
      limiter.leave(bucket, info, dateMs);
    }
  };

  const get = async (
    target: string,
    { priority = 'sweep', signal, attempts }: GetOptions = {},
  ): Promise<OktaResponse> => {
    const url = toOktaUrl(baseUrl, target);
    const kind = toRequestKind(url.pathname);
    const bucket = toBucket(kind);
    const mostFailures = attempts ?? options.attempts ?? defaultAttempts;
    const mostLimited = attempts ?? longestLimited;
    let failures = 0;
    let limited = 0;
    let retryFor: string | undefined;
    for (;;) {
      signal?.throwIfAborted();
      const standing = gate.refusal(kind);
      if (standing !== undefined) throw standing;
      await limiter.enter(bucket, priority, signal);
      const refusal = signal?.aborted ? undefined : gate.pass(kind);
      if (refusal !== undefined || signal?.aborted) {
        limiter.leave(bucket);
        signal?.throwIfAborted();
        throw refusal;
      }
      const retry: Record<string, string> =
        retryFor === undefined
          ? {}
          : { 'x-okta-retry-for': retryFor, 'x-okta-retry-count': String(failures + limited) };
      const attempt = await send(url, kind, retry, signal);
      if (attempt.ok) return attempt.response;
      if (!attempt.retry) throw attempt.error;
      const id = oktaFailure(attempt.error)?.requestId;
      if (retryFor === undefined && id !== undefined && /^[\w.:-]{1,128}$/.test(id)) retryFor = id;
      if (attempt.limited !== undefined) {
        limited += 1;
        if (limited >= mostLimited) throw attempt.error;
        const { info, dateMs } = attempt.limited;
        const waitMs = rateLimitWaitMs(info, dateMs, limited, random);
        options.onRetry?.({ error: attempt.error, waitMs });
        limiter.pause(bucket, waitMs, info?.limit === 0);
      } else {
        failures += 1;
        if (failures >= mostFailures) throw attempt.error;
        const waitMs = backoffMs(failures, random);
        options.onRetry?.({ error: attempt.error, waitMs });
        await clock.sleep(waitMs, signal);
      }
    }
  };

  return { origin: baseUrl.origin, get, dateMs: () => newestDateMs, requests: () => counts };
};
