import { Client, type FetchLike, ProtocolError, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { Logger } from 'pino';
import type { Clock } from '../../runtime/clock.ts';
import { AppError } from '../../runtime/errors.ts';
import type { Secret } from '../../runtime/secret.ts';
import { mapArguments, type Push, pushTool } from './arguments.ts';
import { createDraxisFetch, HttpFailure } from './http.ts';
import { type PushOutcome, toOutcome, toPlainText, toRefusal } from './outcome.ts';
import type { DraxisSettings, PushField } from './settings.ts';

const attempts = 3;
const firstWaitMs = 1_000;
/** A longer Retry-After is not waited for here: pushes fail at once until it has passed, and the caller goes on. */
const longestWaitMs = 15_000;
/** A Retry-After beyond this is taken for this: a mistaken header must not silence the org for years. */
const longestRefusalMs = 3_600_000;

export interface DraxisClient {
  /**
   * Connects and reads the tool's schema, unless that is done. Gives the argument that carries each field.
   * Throws as `push` does, and `draxis-incompatible` when the tool cannot be called with what we have.
   */
  connect(signal?: AbortSignal): Promise<ReadonlyMap<PushField, string>>;
  /**
   * Records one value. What Draxis says about the KRI is the outcome. Throws `draxis-unreachable` after three attempts
   * at what may pass (5xx, 429, timeouts, network), and `draxis-unauthorised` on 401 and 403. A push that timed out may
   * have been recorded all the same.
   */
  push(push: Push, signal?: AbortSignal): Promise<PushOutcome>;
  close(): Promise<void>;
}

interface Connection {
  readonly client: Client;
  readonly names: ReadonlyMap<PushField, string>;
  readonly toArguments: (push: Push) => Record<string, unknown>;
}

const isLoopback = (host: string): boolean => /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(host);

const isUnauthorised = ({ status }: HttpFailure): boolean => status === 401 || status === 403;
const isTransient = ({ status }: HttpFailure): boolean => status >= 500 || status === 429 || status === 408;

const toMessage = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error as { cause?: { code?: unknown } };
  return typeof cause?.code === 'string' ? `${error.message}: ${cause.code}` : error.message;
};

/** The endpoint, checked: https, or http on loopback where that is allowed; no user name or password in it. */
const parseEndpoint = (text: string, allowLoopback: boolean): URL => {
  const refuse = (message: string) =>
    new AppError('configuration-invalid', message, {
      hint: 'Set draxis.url to the https address of the MCP endpoint.',
    });
  const url = URL.parse(text);
  if (url === null) throw refuse('draxis.url is not a URL.');
  if (url.username !== '' || url.password !== '') throw refuse('draxis.url has a user name or a password in it.');
  const isAllowed =
    url.protocol === 'https:' || (url.protocol === 'http:' && allowLoopback && isLoopback(url.hostname));
  if (!isAllowed) throw refuse(`draxis.url must be https, not ${url.origin}.`);
  return url;
};

/** A client for one org's External Push source. Nothing connects before the first `connect` or `push`. */
export const createDraxisClient = (options: {
  url: string;
  /** The access token `drx_pat_<tenant>.<token>` of the source. */
  token: Secret;
  argumentNames?: DraxisSettings['argument_names'];
  fixedArguments?: DraxisSettings['fixed_arguments'];
  fetch?: FetchLike;
  clock: Clock;
  logger: Logger;
  /** Permits http on loopback. */
  allowLoopback: boolean;
  timeoutMs?: number;
}): DraxisClient => {
  const { token, clock, logger, timeoutMs = 10_000 } = options;
  const url = parseEndpoint(options.url, options.allowLoopback);
  // A header that is no valid header is printed in the error, so a token with a stray blank or line end stops here.
  if (!/^[\x21-\x7e]+$/.test(token.reveal())) {
    throw new AppError('configuration-invalid', 'The Draxis token has blanks or characters that no token has.', {
      hint: 'Store it again: drx_pat_<tenant>.<token>, without quotes and line ends.',
    });
  }
  const fetch = createDraxisFetch({ token, clock, fetch: options.fetch ?? globalThis.fetch });
  const settings = { argument_names: options.argumentNames ?? {}, fixed_arguments: options.fixedArguments ?? {} };
  let connection: Connection | undefined;
  let notBeforeMs = 0;

  /** Text of an error or an answer, with the token out of it should the other side repeat it. */
  const clean = (text: string): string => {
    const secret = token.reveal();
    const tail = secret.slice(secret.indexOf('.') + 1) || secret;
    return toPlainText(text.replaceAll(secret, '***').replaceAll(tail, '***'));
  };

  const toRequestOptions = (signal: AbortSignal | undefined) => ({
    timeout: timeoutMs,
    ...(signal === undefined ? {} : { signal }),
  });

  const disconnect = async (): Promise<void> => {
    const gone = connection;
    connection = undefined;
    await gone?.client.close().catch(() => {});
  };

  const open = async (signal: AbortSignal | undefined): Promise<Connection> => {
    if (connection !== undefined) return connection;
    const client = new Client({ name: 'kriver', version: '1' });
    const requestOptions = toRequestOptions(signal);
    try {
      await client.connect(new StreamableHTTPClientTransport(url, { fetch }), requestOptions);
      const { tools } = await client.listTools(undefined, requestOptions);
      const tool = tools.find(({ name }) => name === pushTool);
      if (tool === undefined) {
        throw new AppError('draxis-incompatible', `Draxis offers no tool ${pushTool} to this token.`, {
          hint: 'Use the token of an External Push source, and check draxis.url.',
        });
      }
      const mapping = mapArguments(tool.inputSchema, settings);
      if (!mapping.names.has('timestamp')) {
        logger.warn({ component: 'draxis' }, `${pushTool} takes no time: Draxis will date values by their arrival`);
      }
      connection = { client, ...mapping };
      return connection;
    } catch (error) {
      await client.close().catch(() => {});
      throw error;
    }
  };

  const unreachable = (message: string, hint: string): AppError =>
    new AppError('draxis-unreachable', clean(message), { hint });

  /** What the operator must mend: not worth a second attempt. Undefined for what may pass by itself. */
  const toFinal = (error: unknown): AppError | undefined => {
    if (error instanceof AppError) return error;
    if (!(error instanceof HttpFailure)) return undefined;
    if (isUnauthorised(error)) {
      return new AppError('draxis-unauthorised', clean(`Draxis does not take the token: ${error.message}`), {
        hint: 'Create a new access token for the External Push source and store it with `kriver secret`.',
      });
    }
    if (isTransient(error)) return undefined;
    return unreachable(
      `No MCP endpoint answers at ${url.origin}${url.pathname}: ${error.message}`,
      'Check draxis.url.',
    );
  };

  const waitMsAfter = (error: unknown, attempt: number): number => {
    const retryAfterMs = error instanceof HttpFailure ? error.retryAfterMs : undefined;
    return Math.min(retryAfterMs ?? firstWaitMs * 2 ** (attempt - 1), longestRefusalMs);
  };

  /** Runs one exchange, again after faults that may pass. */
  const persist = async <Result>(exchange: () => Promise<Result>, signal?: AbortSignal): Promise<Result> => {
    for (let attempt = 1; ; attempt += 1) {
      if (clock.now() < notBeforeMs) {
        throw unreachable(
          'Draxis asked to wait.',
          `It will be asked again after ${new Date(notBeforeMs).toISOString()}.`,
        );
      }
      try {
        return await exchange();
      } catch (error) {
        // After a timeout or a broken connection a request may still hang in the transport: closing ends it.
        if (!(error instanceof HttpFailure)) await disconnect();
        const final = toFinal(error);
        if (final !== undefined) throw final;
        const waitMs = waitMsAfter(error, attempt);
        if (waitMs > longestWaitMs) notBeforeMs = clock.now() + waitMs;
        if (attempt === attempts || waitMs > longestWaitMs || signal?.aborted) {
          throw unreachable(
            `Draxis cannot be reached at ${url.origin}: ${toMessage(error)}`,
            'Nothing is lost: the newest value goes out when Draxis answers again.',
          );
        }
        logger.debug({ component: 'draxis', attempt, waitMs }, 'Draxis did not answer, asking again');
        await clock.sleep(waitMs, signal);
      }
    }
  };

  /** One push in the present session, or in a new one when the server has forgotten it (404, with some servers 400). */
  const call = async (push: Push, signal: AbortSignal | undefined): Promise<PushOutcome> => {
    const isOldSession = connection !== undefined;
    const { client, toArguments } = await open(signal);
    const request = { method: 'tools/call', params: { name: pushTool, arguments: toArguments(push) } } as const;
    try {
      // Not callTool: it would throw on an answer that differs from the declared output, though the value is recorded.
      return toOutcome(await client.request(request, toRequestOptions(signal)), clean);
    } catch (error) {
      if (error instanceof ProtocolError) return toRefusal(error.message, clean);
      if (!(error instanceof HttpFailure)) throw error;
      if (isOldSession && (error.status === 404 || error.status === 400)) {
        await disconnect();
        return call(push, signal);
      }
      if (isTransient(error) || isUnauthorised(error)) throw error;
      return toRefusal(error.message, clean);
    }
  };

  return {
    connect: (signal) => persist(async () => (await open(signal)).names, signal),
    push: (push, signal) => persist(() => call(push, signal), signal),
    close: disconnect,
  };
};
