import type { ClickHouseClient } from '@clickhouse/client';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { toLost, toUnavailable } from './state-errors.ts';
import { readNewest, writeState } from './state-table.ts';

/** A state that this process owns: what it is, and what is known of its copy in ClickHouse. */
export interface HeldState {
  readonly name: string;
  readonly partition: number;
  /** Values as JSON. */
  readonly entries: Map<string, string>;
  /** The offset of the last record that it reflects; undefined before there was one. */
  offset: number | undefined;
  /** The highest generation that was loaded or given out here. */
  generation: bigint;
  /** The slot of the newest copy that is whole: the next one goes into the other. */
  savedSlot: number;
  unsaved: boolean;
  /** When it may be saved next, by the clock. */
  dueMs: number;
  /** The save that is under way. */
  saving?: Promise<void> | undefined;
  /** The loop that saves, while there is something to save. */
  waiting?: Promise<void> | undefined;
  /** Aborts when the state is given up: nothing is saved from then on. */
  readonly stopped: AbortController;
}

/** Room for saves at one offset: a stage may note something without having read on. */
const generationsPerOffset = 65_536n;

/**
 * The generation of the next save: by the offset first, so that the copy of whoever has read further is the newer one,
 * whenever it arrives; then rising by one.
 */
const toGeneration = (state: HeldState): bigint => {
  const byOffset = BigInt((state.offset ?? -1) + 1) * generationsPerOffset;
  return byOffset > state.generation ? byOffset : state.generation + 1n;
};

/** How many times as long as a save took it is before the next begins: large states must not take the time of the others. */
const restPerSave = 20;

/** Copies held states to ClickHouse: one save of a state at a time, always of what it is at that moment. */
export const createStateSaver = (options: {
  client: ClickHouseClient;
  clock: Clock;
  logger: Pick<Logger, 'info' | 'warn'>;
  saveEveryMs: number;
}) => {
  const { client, clock, logger, saveEveryMs } = options;
  let isDown = false;

  const write = async (state: HeldState): Promise<void> => {
    const { name, partition, offset } = state;
    if (offset === undefined) return;
    const generation = toGeneration(state);
    const slot = 1 - state.savedSlot;
    // Given out even when the answer is lost: what arrived all the same is then older than what is sent next.
    state.generation = generation;
    state.unsaved = false;
    const copy = { offset, generation, slot, entries: new Map(state.entries) };
    try {
      await writeState(client, { name, partition }, copy, state.stopped.signal);
    } catch (error) {
      state.unsaved = true;
      throw error;
    }
    state.savedSlot = slot;
  };

  const saveNow = async (state: HeldState): Promise<void> => {
    while (state.saving !== undefined) await state.saving.catch(() => undefined);
    if (!state.unsaved || state.stopped.signal.aborted) return;
    state.saving = write(state);
    try {
      await state.saving;
      if (isDown) logger.info({ component: 'state' }, 'ClickHouse takes the state of processors again.');
      isDown = false;
    } catch (error) {
      if (!isDown && !state.stopped.signal.aborted) {
        const { message } = toUnavailable('ClickHouse does not take the state of processors', error);
        logger.warn(
          { component: 'state' },
          `${message}. Processing goes on; after a crash more of the log is read again.`,
        );
        isDown = true;
      }
      throw error;
    } finally {
      state.saving = undefined;
    }
  };

  const saveWhileUnsaved = async (state: HeldState): Promise<void> => {
    const { signal } = state.stopped;
    while (state.unsaved && !signal.aborted) {
      await clock.sleep(state.dueMs - clock.now(), signal);
      const startedMs = clock.now();
      // A failure was logged, and leaves the state unsaved.
      await saveNow(state).catch(() => undefined);
      const tookMs = clock.now() - startedMs;
      state.dueMs = startedMs + Math.max(saveEveryMs, tookMs * restPerSave);
    }
    state.waiting = undefined;
  };

  return {
    /** What is not saved yet, now. Rejects with what the client threw. */
    saveNow,
    /** In the background, when it is due. */
    saveSoon: (state: HeldState): void => {
      state.waiting ??= saveWhileUnsaved(state);
    },
    /** Rejects unless it is saved and the newest. */
    saveAndCheck: async (state: HeldState): Promise<void> => {
      const { name, partition } = state;
      const id = `${name}/${partition}`;
      let newest: bigint;
      try {
        await saveNow(state);
        newest = await readNewest(client, { name, partition }, state.stopped.signal);
      } catch (error) {
        throw toUnavailable(`The state ${id} cannot be saved`, error);
      }
      if (newest > state.generation) throw toLost(id, 'a newer one was saved by another one');
    },
  };
};
