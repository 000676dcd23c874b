import type { Clock } from '../clock.ts';

/**
 * What `run` gives, or a rejection after so many milliseconds, when its signal aborts too. Whatever `run` does
 * afterwards is nobody's any more.
 */
export const within = async <Result>(
  clock: Clock,
  durationMs: number,
  run: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> => {
  const over = new AbortController();
  const work = run(over.signal);
  const late = clock.sleep(durationMs, over.signal).then(() => {
    throw new Error(`No answer within ${durationMs} ms.`);
  });
  work.catch(() => undefined);
  late.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    over.abort();
  }
};
