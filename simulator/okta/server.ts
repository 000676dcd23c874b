import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { Clock } from '../../runtime/clock.ts';
import { type Listening, listenOnLoopback } from '../listen.ts';
import type { World } from '../world/world.ts';
import { type Reply, toError } from './errors.ts';
import { createFaultRules, type Fault, type FaultScript, type SeenRequest } from './faults.ts';
import { type Bucket, createRateLimits, defaultRateLimits, type RateDecision } from './rate-limits.ts';
import { findRoute } from './routes.ts';

export interface OktaServerOptions {
  world: World;
  clock: Clock;
  /** The SSWS token that is let in. */
  token: string;
  rateLimits?: Partial<Record<Bucket, number>>;
  /** Requests in flight before Okta answers 429 for concurrency. */
  concurrency?: number;
  /** Beginnings of paths that the token's role does not include: 403 E0000006. */
  forbidden?: readonly string[];
  /** Asked before every answer; the rules of `faults` (switchable by the control API) come after it. */
  faults?: FaultScript;
}

const rememberedRequests = 5000;

const statusBodies: Readonly<Record<number, Reply>> = {
  401: toError('E0000011'),
  403: toError('E0000006'),
  404: toError('E0000007'),
  429: toError('E0000047'),
  500: toError('E0000009'),
  503: toError('E0000010'),
};

/**
 * The Okta side of the simulator: the org of `world` over HTTP on loopback, GET only. What it promises is what Okta
 * documents or was recorded doing: two Link lines, rate limits shared by bucket in windows of the simulated clock,
 * `Date` from that clock, Okta's error envelope. Nothing outside Okta's own paths is served here.
 */
export const createOktaServer = (options: OktaServerOptions) => {
  const { world, clock } = options;
  const limits = createRateLimits({ ...defaultRateLimits, ...options.rateLimits });
  const rules = createFaultRules();
  const forbidden = new Set(options.forbidden);
  const counts = new Map<string, number>();
  const requests: SeenRequest[] = [];
  const held = new AbortController();
  let inFlight = 0;
  let total = 0;

  const note = (request: IncomingMessage, url: URL): SeenRequest => {
    const pattern = findRoute(url.pathname)?.route.pattern ?? 'unknown';
    const ordinal = (counts.get(pattern) ?? 0) + 1;
    counts.set(pattern, ordinal);
    total++;
    const seen = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.search,
      pattern,
      ordinal,
      atMs: clock.now(),
    };
    requests.push(seen);
    if (requests.length > rememberedRequests) requests.shift();
    return seen;
  };

  const authorize = (request: IncomingMessage, path: string): Reply | undefined => {
    const header = request.headers.authorization;
    if (header === undefined) return toError('E0000005');
    if (header !== `SSWS ${options.token}`) return toError('E0000011');
    for (const prefix of forbidden) if (path.startsWith(prefix)) return toError('E0000006');
    return undefined;
  };

  const answer = (
    request: IncomingMessage,
    url: URL,
    origin: string,
  ): { reply: Reply; rate: RateDecision | undefined } => {
    if (request.method !== 'GET') return { reply: toError('E0000022'), rate: undefined };
    const found = findRoute(url.pathname);
    const refused = found?.route.authenticated === false ? undefined : authorize(request, url.pathname);
    if (refused !== undefined) return { reply: refused, rate: undefined };
    if (found === undefined) return { reply: toError('E0000007', `${url.pathname} (Endpoint)`), rate: undefined };
    const crowded = inFlight > (options.concurrency ?? 35);
    const rate = crowded ? limits.crowded(clock.now()) : limits.take(found.route.bucket, clock.now());
    if (!rate.allowed) return { reply: toError('E0000047'), rate };
    return { reply: found.route.answer({ world, origin, query: url.searchParams, id: found.id }), rate };
  };

  const send = (
    response: ServerResponse,
    reply: Reply,
    headers: Record<string, string | string[]>,
    cutAt?: number,
  ): void => {
    response.sendDate = false;
    const zipped = reply.body.length > 1024 && /\bgzip\b/.test(String(response.req.headers['accept-encoding']));
    const body = zipped ? gzipSync(reply.body, { level: 1 }) : Buffer.from(reply.body);
    response.writeHead(reply.status, {
      'Content-Type': 'application/json',
      Date: new Date(clock.now()).toUTCString(),
      'X-Okta-Request-Id': `sim${String(total).padStart(24, '0')}`,
      'Cache-Control': 'no-cache, no-store',
      'Content-Length': String(body.length),
      ...(zipped ? { 'Content-Encoding': 'gzip' } : {}),
      ...headers,
    });
    if (cutAt === undefined) {
      response.end(body);
      return;
    }
    response.write(body.subarray(0, cutAt), () => response.destroy());
  };

  const toLinks = (origin: string, request: IncomingMessage, reply: Reply, fault: Fault | undefined): string[] => {
    if (!reply.links) return [];
    const self = `${origin}${request.url ?? '/'}`;
    let next = reply.next === undefined ? undefined : `${origin}${reply.next}`;
    if (fault?.kind === 'next') next = fault.href ?? undefined;
    if (fault?.kind === 'repeat') next = self;
    return [`<${self}>; rel="self"`, ...(next === undefined ? [] : [`<${next}>; rel="next"`])];
  };

  const respond = async (request: IncomingMessage, response: ServerResponse, origin: string): Promise<void> => {
    const url = new URL(request.url ?? '/', origin);
    const seen = note(request, url);
    const fault = options.faults?.(seen, seen.ordinal) ?? rules.decide(seen);
    if (fault?.kind === 'reset') {
      request.socket.destroy();
      return;
    }
    if (fault?.kind === 'stall') {
      const left = new AbortController();
      response.once('close', () => left.abort());
      await clock.sleep(fault.durationMs ?? Number.MAX_SAFE_INTEGER, AbortSignal.any([held.signal, left.signal]));
      if (response.destroyed || fault.durationMs === undefined) {
        request.socket.destroy();
        return;
      }
    }
    if (fault?.kind === 'status') {
      const known = statusBodies[fault.status] ?? toError('E0000009');
      send(response, { status: fault.status, body: fault.body ?? known.body }, fault.headers ?? {});
      return;
    }
    if (fault?.kind === 'redirect') return send(response, { status: 302, body: '' }, { Location: fault.location });
    if (fault?.kind === 'html')
      return send(
        response,
        { status: 200, body: '<!doctype html><title>Sign in</title>' },
        { 'Content-Type': 'text/html' },
      );
    const { reply, rate } = answer(request, url, origin);
    const links = toLinks(origin, request, reply, fault);
    const headers = { ...rate?.headers, ...(links.length === 0 ? {} : { Link: links }) };
    if (fault?.kind === 'body')
      return send(
        response,
        { status: 200, body: fault.body },
        { ...headers, 'Content-Type': fault.contentType ?? 'application/json' },
      );
    send(response, reply, headers, fault?.kind === 'cut' ? fault.bytes : undefined);
  };

  const server = createServer((request, response) => {
    inFlight++;
    response.once('close', () => inFlight--);
    const origin = `http://${request.headers.host ?? '127.0.0.1'}`;
    respond(request, response, origin).catch((error: unknown) => {
      if (!response.headersSent) send(response, toError('E0000009', String(error)), {});
      else response.destroy();
    });
  });

  return {
    /** Listens on loopback; port 0 takes any free one. */
    listen: (port = 0): Promise<Listening> => listenOnLoopback(server, port, '', () => held.abort()),
    faults: rules,
    /** Takes a path away from the token's role, or gives it back. */
    forbid: (prefix: string): void => {
      forbidden.add(prefix);
    },
    allow: (prefix: string): void => {
      forbidden.delete(prefix);
    },
    /** How many requests came, by route pattern, and the latest of them. */
    requests: () => ({ total, counts: Object.fromEntries(counts), recent: [...requests] }),
  };
};

export type OktaServer = ReturnType<typeof createOktaServer>;
