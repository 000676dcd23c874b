import type { BusRecord } from '../runtime/bus/bus.ts';

export interface SinkRecord extends BusRecord {
  readonly topic: string;
}

/**
 * Where records end up. `write` resolves when all of them are stored; it may be given the same records again, so what it
 * does is idempotent by the keys and versions that the records carry.
 *
 * It rejects with an AppError whose exit code says what follows (runtime/errors.ts): bad data (65) that some of the records
 * can never be stored, so that the loop looks for them; unreachable (69), input/output (74) or try later (75) that
 * the same records are to be offered again. Anything else ends the loop.
 */
export interface Sink {
  write(records: readonly SinkRecord[]): Promise<void>;
}
