import { assignmentsUntil, type Until } from './assignments.ts';
import type { Assignment, Batch, Bus } from './bus.ts';
import { createTurns } from './turns.ts';

export type { Until } from './assignments.ts';

/**
 * Runs a handler over every batch of a topic that this member of the group is assigned, partitions side by side, each
 * in order. A batch is acked when the handler resolves; a rejection ends the consumption and is thrown, except that of
 * `assignment.signal.throwIfAborted()`: the batch is then left to whoever gets the partition next.
 * `from` gives the offset to start a partition at (default: after the last acked one); it may give up as a handler may.
 */
export const consumePartitions = async (options: {
  bus: Bus;
  topic: string;
  group: string;
  until: Until;
  signal: AbortSignal;
  from?: (partition: number, signal: AbortSignal) => Promise<number | undefined>;
  handle: (batch: Batch, assignment: Assignment) => Promise<void>;
  released?: (partition: number) => Promise<void>;
}): Promise<void> => {
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);

  let failure: { error: unknown } | undefined;
  const consumeOne = async (assignment: Assignment): Promise<void> => {
    const { partition } = assignment;
    try {
      const start = await options.from?.(partition, assignment.signal);
      for await (const batch of assignment.batches(start === undefined ? {} : { from: start })) {
        await options.handle(batch, assignment);
        await batch.ack();
      }
    } catch (error) {
      // A handler that gave up because the partition is no longer ours: nothing was acked, and nothing is wrong.
      if (assignment.signal.aborted && error === assignment.signal.reason) return;
      failure ??= { error };
      stop.abort();
    } finally {
      await options.released?.(partition);
    }
  };

  const inTurn = createTurns();
  const running: Promise<void>[] = [];
  for await (const assignment of assignmentsUntil({ ...options, signal })) {
    running.push(inTurn(assignment.partition, () => consumeOne(assignment)));
  }
  await Promise.all(running);
  if (failure !== undefined) throw failure.error;
};
