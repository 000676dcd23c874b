/**
 * Runs works side by side until the signal aborts. When one ends, for whatever reason, the others are ended too; its error
 * is thrown when all of them have ended, so that whoever closes what they use may do so.
 */
export const runTogether = async (
  outer: AbortSignal,
  works: readonly ((signal: AbortSignal) => Promise<unknown>)[],
): Promise<void> => {
  const stop = new AbortController();
  const signal = AbortSignal.any([outer, stop.signal]);
  const running = works.map((work) => work(signal).finally(() => stop.abort()));
  const failed = (await Promise.allSettled(running)).find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
};
