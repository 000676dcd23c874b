import type { Assignment, Batch, Bus } from '../runtime/bus/bus.ts';
import { consumePartitions, type Until } from '../runtime/bus/consume-partitions.ts';
import type { Clock } from '../runtime/clock.ts';
import { toDeadLetterRecord } from '../runtime/dead-letter.ts';
import { AppError, exitCodes, toExitCode } from '../runtime/errors.ts';
import { deadLettersTopic } from '../schemas/topics.ts';
import type { Availability, SinkLogger } from './availability.ts';
import { rewindOffset } from './rewind.ts';
import type { Sink, SinkRecord } from './sink.ts';

/** Doubling from the first to the last, for ever: what waits is the log, and it is bounded by the topic's retention. */
const firstDelayMs = 1_000;
const longestDelayMs = 60_000;

const transient: readonly number[] = [exitCodes.unreachable, exitCodes.inputOutput, exitCodes.tryLater];

export interface RunSinkOptions {
  bus: Bus;
  topic: string;
  /** The consumer group: one a sink, so that each has its own place in the topic. */
  group: string;
  sink: Sink;
  until: Until;
  signal: AbortSignal;
  clock: Clock;
  logger: SinkLogger;
  availability: Availability;
  /** Given after an unclean stop: how much log before the last ack is written again. */
  rewindMs?: number | undefined;
}

/**
 * The one loop of every sink: takes a batch, writes it, then acks it. A store that does not answer is tried again with
 * the same records, alone as long as it takes; records that it refuses are found by halving and go to dead letters, the
 * rest is stored. Resolves when the signal aborts or, with `caught-up`, when the topic is written; rejects on a fault of
 * the program.
 */
export const runSink = async (options: RunSinkOptions): Promise<void> => {
  const { bus, topic, group, until, signal, clock, rewindMs } = options;
  await consumePartitions({
    bus,
    topic,
    group,
    until,
    signal,
    from: async (partition) =>
      rewindMs === undefined ? undefined : rewindOffset({ bus, topic, partition, group, rewindMs, now: clock.now() }),
    handle: (batch, assignment) => deliver(batch, assignment, options),
  });
};

const deliver = async (batch: Batch, assignment: Assignment, options: RunSinkOptions): Promise<void> => {
  const { sink, clock, availability } = options;
  let delayMs = firstDelayMs;

  /** Undefined when the records are stored, otherwise why they can never be. */
  const write = async (records: readonly SinkRecord[]): Promise<AppError | undefined> => {
    for (;;) {
      assignment.signal.throwIfAborted();
      try {
        await sink.write(records);
        availability.up();
        delayMs = firstDelayMs;
        return undefined;
      } catch (error) {
        if (error instanceof AppError && toExitCode(error) === exitCodes.badData) return error;
        if (!(error instanceof AppError) || !transient.includes(toExitCode(error))) throw error;
        availability.down(error);
        await clock.sleep(delayMs, assignment.signal);
        delayMs = Math.min(delayMs * 2, longestDelayMs);
      }
    }
  };

  const writeOrBisect = async (records: readonly SinkRecord[]): Promise<void> => {
    const refusal = await write(records);
    if (refusal === undefined) return;
    const [first] = records;
    if (records.length === 1 && first !== undefined) return giveUp(first, refusal, options);
    const middle = Math.ceil(records.length / 2);
    await writeOrBisect(records.slice(0, middle));
    await writeOrBisect(records.slice(middle));
  };

  await writeOrBisect(batch.records.map((record) => ({ ...record, topic: batch.topic })));
};

/** A dead letter that cannot be stored does not become another one: it stays in its topic, and that is logged. */
const giveUp = async (record: SinkRecord, refusal: AppError, options: RunSinkOptions): Promise<void> => {
  const { bus, clock, logger } = options;
  const where = { topic: record.topic, key: record.key, offset: record.offset, error: refusal.message };
  if (record.topic === deadLettersTopic.name) {
    logger.error(where, 'A dead letter cannot be stored; it stays in its topic.');
    return;
  }
  await bus.publish([toDeadLetterRecord(record, refusal.message, clock.now())]);
  logger.warn(where, 'A record cannot be stored and went to dead letters.');
};
