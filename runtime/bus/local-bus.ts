import type { Logger } from 'pino';
import { AppError } from '../errors.ts';
import { createArrivals } from './arrivals.ts';
import type { Assignment, Batch, Bus, BusRecord } from './bus.ts';
import { type Claim, createClaims } from './claims.ts';
import type { RecordLog } from './record-log.ts';

/**
 * A bus inside one process over a record log: groups, assignments, one batch out at a time.
 * Acks that come after another consumer of the group took the partition over are dropped; until then a late ack counts,
 * because the work behind it is done.
 */
export const createLocalBus = (options: {
  partitions: number;
  partitionOf: (org: string) => number;
  log: RecordLog;
  logger?: Pick<Logger, 'warn'> | undefined;
}): Bus => {
  const { partitions, partitionOf, log, logger } = options;
  const arrivals = createArrivals();
  const claims = createClaims();
  const closing = new AbortController();
  log.onAppend(arrivals.notify);

  /** Where to begin: never past the end, and at the oldest kept record when what was asked for is gone. */
  const checkStart = (topic: string, partition: number, start: number): number => {
    const { first, end } = log.bounds(topic, partition);
    if (start > end) {
      throw new AppError(
        'state-invalid',
        `The saved offset ${start} is beyond the end ${end} of ${topic}, partition ${partition}.`,
        {
          hint: 'The log was replaced by an older one. Restore log and state from the same backup, or remove the state.',
        },
      );
    }
    if (start >= first) return start;
    logger?.warn(
      { topic, partition, wanted: start, first },
      'records were removed by retention before they were read; reading starts at the oldest one kept',
    );
    return first;
  };

  const batchesOf = async function* (
    assignment: { topic: string; partition: number; group: string; signal: AbortSignal; claim: Claim },
    from: number | undefined,
  ): AsyncGenerator<Batch> {
    const { topic, partition, group, signal, claim } = assignment;
    let position = from ?? (log.acked(topic, partition, group) ?? -1) + 1;
    while (!signal.aborted) {
      position = checkStart(topic, partition, position);
      const { records, next, end } = await log.read(topic, partition, position);
      if (signal.aborted) return;
      position = next;
      if (records.length === 0) {
        // Asked again right before waiting: an append may have happened since the read.
        if (log.bounds(topic, partition).end <= position) await arrivals.next(topic, partition, signal);
        continue;
      }
      let acked = () => {};
      const settled = new Promise<void>((resolve) => {
        acked = () => {
          signal.removeEventListener('abort', acked);
          resolve();
        };
        signal.addEventListener('abort', acked, { once: true });
      });
      const last = records.at(-1)?.offset ?? position;
      const ack = async () => {
        if (claim.isLatest()) await log.ack(topic, partition, group, last);
        acked();
      };
      yield { topic, partition, records, endOffset: end, ack };
      await settled;
    }
  };

  const consume = async function* (wanted: {
    topic: string;
    group: string;
    signal: AbortSignal;
  }): AsyncGenerator<Assignment> {
    const { topic, group } = wanted;
    const ended = new AbortController();
    // A signal of its own: many consumers listen to the same one, and Node warns of a leak at the eleventh listener.
    const signal = AbortSignal.any([wanted.signal, closing.signal, ended.signal]);
    if (signal.aborted) return;

    const ready: Assignment[] = [];
    let wake = () => {};
    signal.addEventListener('abort', () => wake(), { once: true });
    const claimOne = async (partition: number) => {
      const claim = await claims.claim(`${topic}/${partition}/${group}`, signal);
      if (claim === undefined) return;
      ready.push({
        topic,
        partition,
        signal,
        batches: (from) => batchesOf({ topic, partition, group, signal, claim }, from?.from),
      });
      wake();
    };
    for (let partition = 0; partition < partitions; partition += 1) void claimOne(partition);
    try {
      while (!signal.aborted) {
        const next = ready.shift();
        if (next === undefined) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        } else yield next;
      }
    } finally {
      ended.abort();
    }
  };

  const read = async function* (topic: string, partition: number, from: number): AsyncGenerator<readonly BusRecord[]> {
    const { end } = log.bounds(topic, partition);
    for (let position = from; position < end; ) {
      const slice = await log.read(topic, partition, position);
      if (slice.records.length === 0) return;
      position = slice.next;
      const records = slice.next <= end ? slice.records : slice.records.filter(({ offset }) => offset < end);
      if (records.length > 0) yield records;
    }
  };

  return {
    partitions,
    partitionOf,
    publish: async (records) => {
      if (records.length > 0) await log.append(records);
    },
    consume,
    endOffset: async (topic, partition) => log.bounds(topic, partition).end,
    offsetAt: async (topic, partition, appendedAtMs) => log.offsetAt(topic, partition, appendedAtMs),
    committed: async (topic, partition, group) => log.acked(topic, partition, group),
    read,
    close: async () => closing.abort(),
  };
};
