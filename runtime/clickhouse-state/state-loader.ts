import type { ClickHouseClient } from '@clickhouse/client';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { AppError } from '../errors.ts';
import { isNoTable, toUnavailable } from './state-errors.ts';
import { readState, type StoredState, type StoredStates } from './state-table.ts';
import { within } from './within.ts';

/** How long a load waits for ClickHouse, in all. */
const loadWithinMs = 10_000;
const firstDelayMs = 1_000;

/**
 * Reads the newest state that can be used. Of a cache, undefined when there is none, with a warning that says why; of a
 * durable one, undefined only when none was ever saved, and otherwise a rejection: `clickhouse-unavailable` or
 * `state-invalid`.
 */
export const createStateLoader = (options: {
  client: ClickHouseClient;
  clock: Clock;
  logger: Pick<Logger, 'warn'>;
}) => {
  const { client, clock, logger } = options;

  const readWhenUp = async (key: { name: string; partition: number }): Promise<StoredStates | { down: unknown }> => {
    const startedMs = clock.now();
    for (let delayMs = firstDelayMs; ; delayMs *= 2) {
      const leftMs = loadWithinMs - (clock.now() - startedMs);
      try {
        return await within(clock, leftMs, (signal) => readState(client, key, signal));
      } catch (error) {
        if (isNoTable(error) || clock.now() - startedMs + delayMs >= loadWithinMs) return { down: error };
        await clock.sleep(delayMs);
      }
    }
  };

  return {
    load: async (
      key: { name: string; partition: number },
      { isDurable }: { isDurable: boolean },
    ): Promise<StoredState | undefined> => {
      const id = `${key.name}/${key.partition}`;
      const stored = await readWhenUp(key);
      if ('down' in stored) {
        const error = toUnavailable(`The state ${id} cannot be read`, stored.down);
        if (isDurable) throw error;
        logger.warn({ component: 'state', ...key }, `${error.message} It is folded anew from the log.`);
        return undefined;
      }
      const { state, damages, newest } = stored;
      if (damages.length === 0) return state;
      const why = `A saved state of ${id} cannot be used: ${damages.join('; ')}.`;
      if (state === undefined && isDurable) {
        throw new AppError('state-invalid', why, {
          hint: 'Run the version of Kriver that wrote it, or restore the table processor_state from a backup.',
        });
      }
      const instead =
        state === undefined ? 'It is folded anew from the log.' : `That of offset ${state.offset} is used.`;
      logger.warn({ component: 'state', ...key }, `${why} ${instead}`);
      // What a durable state is saved as next is newer than what was passed over, though its offset may be lower.
      return state === undefined || !isDurable ? state : { ...state, generation: newest };
    },
  };
};
