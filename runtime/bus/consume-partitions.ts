import type { Assignment, Batch, Bus } from './bus.ts';

/** `stopped`: until the signal aborts. `caught-up`: until every record that was there at the call is handled. */
export type Until = 'stopped' | 'caught-up';

/**
 * Runs a handler over every batch of a topic that this member of the group is assigned, partitions side by side, each
 * in order. A batch is acked when the handler resolves; a rejection ends the consumption and is thrown.
 * `from` gives the offset to start a partition at (default: after the last acked one).
 */
export const consumePartitions = async (options: {
  bus: Bus;
  topic: string;
  group: string;
  until: Until;
  signal: AbortSignal;
  from?: (partition: number) => Promise<number | undefined>;
  handle: (batch: Batch, assignment: Assignment) => Promise<void>;
}): Promise<void> => {
  const { bus, topic, group, until, from, handle } = options;
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const ends = await Promise.all(
    Array.from({ length: bus.partitions }, (_, partition) => bus.endOffset(topic, partition)),
  );
  let behind = bus.partitions;
  const caughtUp = () => {
    behind -= 1;
    if (behind === 0) stop.abort();
  };

  const consumeOne = async (assignment: Assignment): Promise<void> => {
    const start = await from?.(assignment.partition);
    const end = ends[assignment.partition] ?? 0;
    if (until === 'caught-up') {
      const next = start ?? ((await bus.committed(topic, assignment.partition, group)) ?? -1) + 1;
      if (next >= end) return caughtUp();
    }
    for await (const batch of assignment.batches(start === undefined ? {} : { from: start })) {
      await handle(batch, assignment);
      await batch.ack();
      const last = batch.records.at(-1);
      if (until === 'caught-up' && last !== undefined && last.offset + 1 >= end) return caughtUp();
    }
  };

  const running: Promise<void>[] = [];
  let failure: { error: unknown } | undefined;
  for await (const assignment of bus.consume({ topic, group, signal })) {
    running.push(
      consumeOne(assignment).catch((error: unknown) => {
        failure ??= { error };
        stop.abort();
      }),
    );
  }
  await Promise.all(running);
  if (failure !== undefined) throw failure.error;
};
