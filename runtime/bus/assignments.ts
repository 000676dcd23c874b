import type { Assignment, Batch, Bus } from './bus.ts';

/** `stopped`: until the signal aborts. `caught-up`: until every record that was there at the call is handled. */
export type Until = 'stopped' | 'caught-up';

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

/**
 * Batches up to an end offset. The iteration rests until the last one is acked, so that whoever pulls ahead
 * does not see the end before the work is done.
 */
async function* batchesUpTo(
  assignment: Assignment,
  options: { from?: number },
  next: number,
  end: number,
): AsyncGenerator<Batch> {
  if (next >= end) return;
  const gone = aborted(assignment.signal);
  for await (const batch of assignment.batches(options)) {
    let acked = () => {};
    const rest = new Promise<void>((resolve) => {
      acked = resolve;
    });
    yield {
      ...batch,
      ack: async () => {
        await batch.ack();
        acked();
      },
    };
    await Promise.race([rest, gone]);
    if ((batch.records.at(-1)?.offset ?? -1) + 1 >= end) return;
  }
}

/**
 * The assignments of a topic to this member of a group. With `caught-up` their batches end where the log ended at the
 * call, and the iteration ends when the batches of every partition have.
 */
export async function* assignmentsUntil(options: {
  bus: Bus;
  topic: string;
  group: string;
  until: Until;
  signal: AbortSignal;
}): AsyncGenerator<Assignment> {
  const { bus, topic, group } = options;
  if (options.until === 'stopped') {
    yield* bus.consume(options);
    return;
  }
  const partitions = Array.from({ length: bus.partitions }, (_, partition) => partition);
  const ends = await Promise.all(partitions.map((partition) => bus.endOffset(topic, partition)));
  const stop = new AbortController();
  let behind = bus.partitions;

  async function* batches(assignment: Assignment, from?: { from?: number }): AsyncGenerator<Batch> {
    const next = from?.from ?? ((await bus.committed(topic, assignment.partition, group)) ?? -1) + 1;
    try {
      yield* batchesUpTo(assignment, from ?? {}, next, ends[assignment.partition] ?? 0);
    } finally {
      behind -= 1;
      if (behind === 0) stop.abort();
    }
  }

  const signal = AbortSignal.any([options.signal, stop.signal]);
  for await (const assignment of bus.consume({ topic, group, signal })) {
    yield { ...assignment, batches: (from) => batches(assignment, from) };
  }
}
