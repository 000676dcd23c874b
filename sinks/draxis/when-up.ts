import type { Clock } from '../../runtime/clock.ts';
import { AppError } from '../../runtime/errors.ts';
import type { Availability } from '../availability.ts';

const firstDelayMs = 1_000;
const longestDelayMs = 60_000;

/**
 * Tries the same again for as long as the store of the push state does not answer, with longer and longer waits: what is
 * not noted must not be pushed. Rejects with the signal's reason when it aborts, and at once with any other error.
 */
export const whenUp = async <Result>(
  attempt: () => Promise<Result>,
  options: { clock: Clock; availability: Availability; signal: AbortSignal },
): Promise<Result> => {
  const { clock, availability, signal } = options;
  for (let delayMs = firstDelayMs; ; delayMs = Math.min(delayMs * 2, longestDelayMs)) {
    signal.throwIfAborted();
    try {
      const result = await attempt();
      availability.up();
      return result;
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'clickhouse-unavailable') throw error;
      availability.down(error);
      await clock.sleep(delayMs, signal);
    }
  }
};
