import type { Context } from './context.ts';
import { showLive } from './live.ts';
import { serveLocalApi } from './local-api/serve.ts';
import type { Parts } from './parts.ts';
import { runTogether } from './run-together.ts';
import { runStages } from './stages.ts';

/** The stages, the API for commands of the same machine, and the screen, until the signal aborts or one of them fails. */
export const runLive = (options: {
  parts: Parts;
  context: Context;
  signal: AbortSignal;
  messages: () => readonly string[];
}): Promise<void> => {
  const { parts, context, messages } = options;
  return runTogether(options.signal, [
    (signal) => runStages(parts, signal),
    (signal) => serveLocalApi({ source: { ...parts, store: parts.visitorStore }, signal }),
    (signal) => showLive({ parts, context, signal, messages }),
  ]);
};
