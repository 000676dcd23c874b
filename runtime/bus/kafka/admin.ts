import type { Admin, Kafka } from 'kafkajs';
import type { Clock } from '../../clock.ts';
import { toBusError } from './kafka-error.ts';

/** An operator waits for the answer. */
const attempts = 10;
const waitMs = 500;

/** kafkajs does not ask again when a coordinator is still loading, as it is when a broker has just started. */
const isRetriable = (error: unknown): boolean => (error as { retriable?: unknown }).retriable === true;

/**
 * Connects, asks, and disconnects. `ask` may be called again, so it has to bear that. What fails is `bus-unavailable` or
 * `bus-unauthorised` unless it is an AppError already; `what` says what then did not happen.
 */
export const withAdmin = async <Answer>(
  { kafka, clock, what }: { kafka: Kafka; clock: Clock; what: string },
  ask: (admin: Admin) => Promise<Answer>,
): Promise<Answer> => {
  const admin = kafka.admin();
  try {
    await admin.connect();
    for (let attempt = 1; ; attempt += 1)
      try {
        return await ask(admin);
      } catch (error) {
        if (attempt === attempts || !isRetriable(error)) throw error;
        await clock.sleep(waitMs);
      }
  } catch (error) {
    throw toBusError(what, error);
  } finally {
    await admin.disconnect().catch(() => {});
  }
};
