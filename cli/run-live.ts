import type { Context } from './context.ts';
import { showLive } from './live.ts';
import { serveLocalApi } from './local-api/serve.ts';
import type { Parts } from './parts.ts';
import { runStages } from './stages.ts';

/**
 * The stages, the API for commands of the same machine, and the screen, until the signal aborts. When one fails, the
 * others are ended first, and then its error is thrown: whoever closes what they use may do so.
 */
export const runLive = async (options: {
  parts: Parts;
  context: Context;
  signal: AbortSignal;
  messages: () => readonly string[];
}): Promise<void> => {
  const { parts, context, messages } = options;
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const running = [
    runStages(parts, signal),
    serveLocalApi({ source: { ...parts, store: parts.visitorStore }, signal }),
    showLive({ parts, context, signal, messages }),
  ].map((part) => part.finally(() => stop.abort()));
  const failed = (await Promise.allSettled(running)).find((part) => part.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
};
