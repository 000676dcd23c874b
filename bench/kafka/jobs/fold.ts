import { runProcessors } from '../../../processors/run-processors.ts';
import type { Assignment, Bus } from '../../../runtime/bus/bus.ts';
import { createMemoryStateStore } from '../../../runtime/memory-state-store.ts';
import { systemLogTopic } from '../../../schemas/topics.ts';
import { settings } from '../../workloads/workload.ts';
import { collectGarbage, cpuSecondsSince, type Job, type Measured, type Target } from '../job.ts';
import { openBus, openProcessors } from '../place.ts';
import type { Talk } from '../run-job.ts';

const toOrgs = ({ place }: Target) => place.orgs.map((org) => ({ ...settings, org }));

const warm = async (target: Target): Promise<void> => {
  const bus = await openBus(target.place);
  const { signal } = new AbortController();
  const store = createMemoryStateStore(bus);
  await runProcessors({ bus, store, orgs: toOrgs(target), until: 'caught-up', signal });
  await bus.close();
};

/** A bus whose assignments of the log give nothing before `go`, and that tells of each one and of what is acked. */
const watch = (
  bus: Bus,
  { go, onAssigned, onAcked }: { go: Promise<void>; onAssigned(partitions: number): void; onAcked(n: number): void },
): Bus => {
  let assigned = 0;
  const change = (by: number): void => {
    assigned += by;
    onAssigned(assigned);
  };
  const batchesOf = async function* (assignment: Assignment, options: { from?: number } | undefined) {
    const gone = new Promise((resolve) => assignment.signal.addEventListener('abort', resolve, { once: true }));
    await Promise.race([go, gone]);
    for await (const batch of assignment.batches(options)) {
      const ack = async (): Promise<void> => {
        await batch.ack();
        onAcked(batch.records.length);
      };
      yield { ...batch, ack };
    }
  };
  const consume = async function* (options: Parameters<Bus['consume']>[0]): AsyncGenerator<Assignment> {
    for await (const assignment of bus.consume(options)) {
      if (options.topic === systemLogTopic.name) {
        change(1);
        assignment.signal.addEventListener('abort', () => change(-1), { once: true });
        yield { ...assignment, batches: (from) => batchesOf(assignment, from) };
      } else yield assignment;
    }
  };
  return { ...bus, consume };
};

/**
 * The processors of one process, with their state in ClickHouse, from the order to go to the last batch that they acked;
 * they run until they are ordered to stop, since others may have a part of the log.
 */
export const fold = async ({ warmUp, target }: Extract<Job, { name: 'fold' }>, talk: Talk): Promise<Measured> => {
  await warm(warmUp);
  const { bus, store, close } = await openProcessors(target.place);
  const stop = new AbortController();
  let before = process.cpuUsage();
  const go = talk.ordered('go').then(() => {
    collectGarbage();
    before = process.cpuUsage();
  });
  let records = 0;
  let cpuSeconds = 0;
  const watched = watch(bus, {
    go,
    onAssigned: (partitions) => talk.say({ kind: 'assigned', partitions }),
    onAcked: (count) => {
      records += count;
      cpuSeconds = cpuSecondsSince(before);
    },
  });
  void talk.ordered('stop').then(() => stop.abort());
  await runProcessors({ bus: watched, store, orgs: toOrgs(target), until: 'stopped', signal: stop.signal });
  const measured = { records, cpuSeconds };
  await close();
  return measured;
};
