import { concatMap, defer, from, lastValueFrom, mergeMap, type Observable, scan } from 'rxjs';
import { assignmentsUntil, type Until } from '../runtime/bus/assignments.ts';
import type { Assignment, Bus } from '../runtime/bus/bus.ts';
import { createTurns } from '../runtime/bus/turns.ts';
import type { StateStore } from '../runtime/state-store.ts';
import type { IndicatorSettings } from './indicator.ts';
import { createPartitionFold, type Segment, type Step, toSegments, toUsable } from './partition-fold.ts';
import { type TopicFold, topicFolds } from './topic-folds.ts';

interface Options {
  readonly bus: Bus;
  readonly store: StateStore;
  readonly orgs: readonly IndicatorSettings[];
  readonly until: Until;
  readonly signal: AbortSignal;
}

/** Where a partition's fold begins. */
interface Start {
  readonly name: string;
  readonly partition: ReturnType<typeof createPartitionFold>;
  readonly from: number;
  /** Keys of entries that were left aside, to be removed by the first save. */
  readonly stale: Set<string>;
}

const startPartition = async (options: Options, topicFold: TopicFold, partition: number): Promise<Start> => {
  const name = toStateName(topicFold);
  const saved = await options.store.load(name, partition);
  const orgs = options.orgs.filter(({ org }) => options.bus.partitionOf(org) === partition);
  const usable = toUsable(saved, orgs);
  const goesOn = usable.entries.size > 0;
  return {
    name,
    partition: createPartitionFold({ topicFold, orgs, usable, savedOffset: saved?.offset ?? -1 }),
    from: goesOn && saved !== undefined ? saved.offset + 1 : 0,
    // Also those of an org that is no longer configured: the offset moves on without it.
    stale: new Set([...(saved?.entries.keys() ?? [])].filter((key) => !goesOn || !usable.isOf(key))),
  };
};

/** Saves what a step leads to, and acks the batch when it was its last. A partition that is lost saves nothing. */
const checkpoint = async (options: Options, start: Start, assignment: Assignment, step: Step): Promise<void> => {
  if (assignment.signal.aborted) return;
  if (step.saves) {
    const changes = new Map<string, unknown>([...start.stale].map((key) => [key, undefined]));
    for (const [key, value] of step.changes) changes.set(key, value);
    const { offset, records } = step;
    await options.store.commit(start.name, assignment.partition, { offset, changes, records });
    start.stale.clear();
  }
  if (step.segment.endsBatch) await step.segment.batch.ack();
};

/**
 * Every topic is folded by the same pipeline: batches -> segments -> scan -> checkpoint. RxJS only composes; order and
 * back-pressure come from the bus, which hands out the next batch when the last is acked.
 *
 * The offset that counts is the one in the saved state: a start continues behind it. State that rests on other rules
 * or settings is folded anew from the log's beginning, without publishing again what was published.
 */
const foldPartition = (options: Options, topicFold: TopicFold, assignment: Assignment): Observable<void> =>
  defer(() => startPartition(options, topicFold, assignment.partition)).pipe(
    concatMap((start) =>
      from(assignment.batches({ from: start.from })).pipe(
        concatMap((batch) => from(toSegments(batch))),
        scan<Segment, Step | undefined>((_, segment) => start.partition.fold(segment), undefined),
        concatMap((step) => (step === undefined ? [] : checkpoint(options, start, assignment, step))),
      ),
    ),
  );

/** A partition from its assignment to its end; then its state is given up, so that whoever has it next finds it saved. */
const ownPartition = async (options: Options, topicFold: TopicFold, assignment: Assignment): Promise<void> => {
  try {
    await lastValueFrom(foldPartition(options, topicFold, assignment), { defaultValue: undefined });
  } catch (error) {
    // What was under way when the partition went away fails with it.
    if (!assignment.signal.aborted || error !== assignment.signal.reason) throw error;
  } finally {
    await options.store.release?.(toStateName(topicFold), assignment.partition);
  }
};

const toStateName = ({ topic }: TopicFold): string => `processors/${topic}`;

const runTopic = (options: Options, topicFold: TopicFold): Promise<void> => {
  const inTurn = createTurns();
  return lastValueFrom(
    from(assignmentsUntil({ ...options, topic: topicFold.topic, group: 'processors' })).pipe(
      mergeMap((assignment) => inTurn(assignment.partition, () => ownPartition(options, topicFold, assignment))),
    ),
    { defaultValue: undefined },
  );
};

/** Folds every topic into readings until the signal aborts or, with `caught-up`, the logs' present ends are reached. */
export const runProcessors = async (options: Options): Promise<void> => {
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const running = topicFolds.map(async (topicFold) => {
    try {
      await runTopic({ ...options, signal }, topicFold);
    } catch (error) {
      stop.abort();
      throw error;
    }
  });
  const failed = (await Promise.allSettled(running)).find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
};
