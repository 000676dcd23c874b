import type { Context } from './context.ts';
import type { Embedded } from './embedded.ts';
import { showLive } from './live.ts';
import { serveLocalApi } from './local-api/serve.ts';
import { runStages } from './stages.ts';

/**
 * The stages, the API for commands of the same machine, and the screen, until the signal aborts. When one fails, the
 * others are ended first, and then its error is thrown: whoever closes what they use may do so.
 */
export const runLive = async (options: {
  embedded: Embedded;
  context: Context;
  signal: AbortSignal;
  messages: () => readonly string[];
}): Promise<void> => {
  const { embedded, context, messages } = options;
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const parts = [
    runStages(embedded, signal),
    serveLocalApi({ embedded, signal }),
    showLive({ embedded, context, signal, messages }),
  ].map((part) => part.finally(() => stop.abort()));
  const failed = (await Promise.allSettled(parts)).find((part) => part.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
};
