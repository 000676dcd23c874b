import type { Logger } from 'pino';
import type { Bus } from '../../runtime/bus/bus.ts';
import { consumePartitions, type Until } from '../../runtime/bus/consume-partitions.ts';
import type { Clock } from '../../runtime/clock.ts';
import { AppError } from '../../runtime/errors.ts';
import type { StateCommit, StateStore } from '../../runtime/state-store.ts';
import { minuteMs } from '../../schemas/time.ts';
import { readingsTopic } from '../../schemas/topics.ts';
import { createAvailability } from '../availability.ts';
import type { DraxisClient } from './client.ts';
import { decidePushes, type PushSettings } from './decide.ts';
import { foldBatch } from './fold-batch.ts';
import { type PushError, runPushCycle } from './push-cycle.ts';
import { draxisGroup, loadPushState, type OrgState, orgStateOf, toEntries } from './push-state.ts';
import { whenUp } from './when-up.ts';

/** Where one org's readings go. */
export interface DraxisTarget {
  readonly client: Pick<DraxisClient, 'push'>;
  readonly settings: PushSettings;
}

export interface DraxisResult {
  /** KRI values that Draxis took. */
  readonly rowsWritten: number;
  /** KRI values for slugs that the tenant has not wired. */
  readonly rowsSkipped: number;
  /** Of each org, what went wrong in its last cycle. */
  readonly errors: readonly PushError[];
}

const longestPauseMs = 30 * minuteMs;

interface Partition {
  offset: number | undefined;
  readonly orgs: Map<string, OrgState>;
}

/**
 * Pushes readings of kri.readings to Draxis, each org to its own target, until the signal aborts or the topic is caught
 * up with; in the latter case the newest final value of every KRI goes out, whatever the cadence, except `manual`.
 * While Draxis does not answer, consumption goes on and only the newest values are kept; after a failed cycle an org's
 * next one waits a minute, then twice as long each time, up to half an hour. While the store of the state does not answer,
 * everything waits. A batch is acked when what it brought is saved and its cycle is over.
 */
export const runDraxis = async (options: {
  /** By org. The readings of others are passed over. */
  targets: ReadonlyMap<string, DraxisTarget>;
  bus: Bus;
  store: StateStore;
  clock: Clock;
  logger: Logger;
  until: Until;
  signal: AbortSignal;
}): Promise<DraxisResult> => {
  const { targets, bus, store, clock, logger, until } = options;
  const partitions = new Map<number, Partition>();
  const pauses = new Map<string, { failures: number; untilMs: number }>();
  const errors = new Map<string, readonly PushError[]>();
  let rowsWritten = 0;
  let rowsSkipped = 0;

  const availability = createAvailability('The store of what was pushed', logger);

  /** Nothing for a partition that is lost; rejects with the signal's reason when it is lost meanwhile. */
  const save = async (partition: number, commit: StateCommit, signal: AbortSignal): Promise<void> => {
    if (signal.aborted) return;
    await whenUp(() => store.commit(draxisGroup, partition, commit), { clock, availability, signal });
  };

  const load = async (partition: number, signal: AbortSignal): Promise<number | undefined> => {
    const { offset, orgs } = await whenUp(() => loadPushState(store, partition), { clock, availability, signal });
    if (offset !== undefined && offset >= (await bus.endOffset(readingsTopic.name, partition))) {
      throw new AppError('state-invalid', `The Draxis sink has read further than ${readingsTopic.name} goes.`, {
        hint: 'The topic was made anew. Restore it, or start with an empty data directory.',
      });
    }
    partitions.set(partition, { offset, orgs });
    return offset === undefined ? undefined : offset + 1;
  };

  const pushOrg = async (partition: number, org: string, ignoreCadence: boolean, signal: AbortSignal) => {
    const held = partitions.get(partition);
    const state = held?.orgs.get(org);
    const target = targets.get(org);
    if (held?.offset === undefined || state === undefined || target === undefined) return;
    if (clock.now() < (pauses.get(org)?.untilMs ?? 0)) return;
    const pushes = decidePushes(state, target.settings, { ignoreCadence });
    if (pushes.length === 0) return;
    const { offset } = held;
    const cycle = await runPushCycle({
      org,
      state,
      pushes,
      client: target.client,
      clock,
      signal,
      save: (changes, records) => save(partition, { offset, changes, records }, signal),
    });
    rowsWritten += cycle.rowsWritten;
    rowsSkipped += cycle.rowsSkipped;
    errors.set(org, cycle.errors);
    for (const { code, message, hint } of cycle.errors) logger.warn({ component: 'draxis', org, code, hint }, message);
    if (!cycle.isCutShort) {
      pauses.delete(org);
      return;
    }
    const failures = (pauses.get(org)?.failures ?? 0) + 1;
    const pauseMs = Math.min(minuteMs * 2 ** (failures - 1), longestPauseMs);
    pauses.set(org, { failures, untilMs: clock.now() + pauseMs });
  };

  await consumePartitions({
    bus,
    topic: readingsTopic.name,
    group: draxisGroup,
    until,
    signal: options.signal,
    from: load,
    handle: async ({ partition, records, endOffset }, { signal }) => {
      const held = partitions.get(partition);
      const last = records.at(-1);
      if (held === undefined || last === undefined) return;
      const touched = foldBatch(held.orgs, records, (org) => targets.get(org)?.settings, logger);
      held.offset = last.offset;
      const changes = new Map(
        [...touched].flatMap(([org, slugs]) => [...toEntries(org, orgStateOf(held.orgs, org), slugs)]),
      );
      await save(partition, { offset: last.offset, changes, records: [] }, signal);
      // In a backlog only the newest is worth sending, and a single pass sends once, at its end.
      if (until === 'caught-up' || last.offset + 1 < endOffset) return;
      for (const org of held.orgs.keys()) await pushOrg(partition, org, false, signal);
    },
    // A single pass pushes at its end, after all partitions are read.
    released: async (partition) => {
      if (until === 'stopped') await store.release?.(draxisGroup, partition);
    },
  });

  if (until === 'caught-up') {
    for (const [partition, { orgs }] of partitions) {
      for (const org of orgs.keys()) {
        await pushOrg(partition, org, true, options.signal).catch((error: unknown) => {
          if (error !== options.signal.reason) throw error;
        });
      }
    }
  }
  return { rowsWritten, rowsSkipped, errors: [...errors.values()].flat() };
};
