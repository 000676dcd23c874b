import type { Logger } from 'pino';

/** What a sink logs with. */
export type SinkLogger = Pick<Logger, 'info' | 'warn' | 'error'>;

/** Whether a store answers, as the loops that write to it find: shared by them, so that a change is logged once. */
export interface Availability {
  up(): void;
  down(error: Error): void;
  /** The message of the last failure while the store is down, for health endpoints. */
  failure(): string | undefined;
}

export const createAvailability = (store: string, logger: SinkLogger): Availability => {
  let failure: string | undefined;
  return {
    up: () => {
      if (failure !== undefined) logger.info({ store }, `${store} takes records again.`);
      failure = undefined;
    },
    down: (error) => {
      if (failure === undefined) {
        logger.warn({ store, error: error.message }, `${store} does not take records; retrying with the same ones.`);
      }
      failure = error.message;
    },
    failure: () => failure,
  };
};
