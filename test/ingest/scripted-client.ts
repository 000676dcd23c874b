import type { Dispatcher } from 'undici';
import { afterEach, expect } from 'vitest';
import { createOktaClient, type OktaClient, type OktaClientOptions } from '../../ingest/okta/client.ts';
import { createDispatcher } from '../../ingest/okta/dispatcher.ts';
import type { AppError } from '../../runtime/errors.ts';
import { Secret } from '../../runtime/secret.ts';
import { createEagerClock, type EagerClock } from './eager-clock.ts';
import { type Answer, type ScriptedOkta, type Seen, startScriptedOkta } from './scripted-okta.ts';

export const token = '00canaryTOKEN_-0123456789abcdefghijklmnop';
const dateText = 'Tue, 24 Nov 2026 12:00:00 GMT';
export const dateMs = Date.parse(dateText);
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A client of a loopback org that answers what `script` says, on a clock without waits. Both end with the test. */
export const setUp = async (
  script: (request: Seen, ordinal: number) => Answer | undefined,
  options: Partial<OktaClientOptions> = {},
): Promise<{ server: ScriptedOkta; client: OktaClient; clock: EagerClock; times: number[] }> => {
  const clock = createEagerClock();
  const times: number[] = [];
  const server = await startScriptedOkta((request, ordinal) => {
    times.push(clock.now());
    return script(request, ordinal);
  });
  const dispatcher: Dispatcher = createDispatcher({ allowLoopback: true });
  closers.push(
    () => dispatcher.close(),
    () => server.close(),
  );
  const client = createOktaClient({
    baseUrl: server.url,
    token: new Secret(token),
    dispatcher,
    clock,
    random: () => 0,
    rateShare: 0.5,
    concurrency: 4,
    ...options,
  });
  return { server, client, clock, times };
};

/** The error that the work fails with, which shows nothing of the token. */
export const failure = async (work: Promise<unknown>): Promise<AppError> => {
  const error = await work.then(
    () => undefined,
    (reason: AppError) => reason,
  );
  if (error === undefined) throw new Error('it succeeded');
  const shown = JSON.stringify([error.message, error.hint, error.stack, error.cause]);
  expect(shown).not.toContain(token);
  expect(shown).not.toContain('SSWS');
  return error;
};

export const oktaError = (status: number, errorCode: string, errorSummary = 'It went wrong'): Answer => ({
  status,
  json: { errorCode, errorSummary, errorLink: errorCode, errorId: 'x', errorCauses: [] },
});

/** A 429 whose window ends so many seconds after the Date of the answer; of a concurrency limit when `limit` is 0. */
export const limitedFor = (seconds: number, limit = 60): Answer => ({
  ...oktaError(429, 'E0000047'),
  headers: {
    'x-rate-limit-limit': String(limit),
    'x-rate-limit-remaining': '0',
    'x-rate-limit-reset': String(dateMs / 1_000 + seconds),
  },
});
