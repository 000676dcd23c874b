import type { ClickHouseClient } from '@clickhouse/client';
import type { Logger } from 'pino';
import type { Bus } from './bus/bus.ts';
import { toLost } from './clickhouse-state/state-errors.ts';
import { createStateLoader } from './clickhouse-state/state-loader.ts';
import { createStateSaver, type HeldState } from './clickhouse-state/state-saver.ts';
import { within } from './clickhouse-state/within.ts';
import type { Clock } from './clock.ts';
import type { SavedState, StateStore } from './state-store.ts';

export interface ClickHouseStateStore extends StateStore {
  /**
   * Saves what is not saved yet and forgets the state: for a partition that is given up. Nothing of it is saved later,
   * and a later commit rejects until it is loaded again. Takes a few seconds at most, whatever ClickHouse does.
   */
  release(name: string, partition: number): Promise<void>;
  /** Releases everything: for a clean stop. Takes a few seconds at most as well. */
  close(): Promise<void>;
}

export interface ClickHouseStateStoreOptions {
  readonly client: ClickHouseClient;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  /** How often the state of a partition is saved while it changes, in milliseconds. */
  readonly saveEveryMs?: number;
  /** Put before the names in the table: state belongs to topics, and several installations may share a database. */
  readonly prefix?: string;
  /** The names of states that the log cannot give back. */
  readonly durable?: readonly string[];
}

const defaultSaveEveryMs = 30_000;

/** How long giving a state up may take: a partition changes hands meanwhile. */
const releaseWithinMs = 3_000;

/**
 * State for many processes: in memory with whoever owns a partition, and copied to the table `processor_state` now and
 * then, as a cache of the log. `commit` waits for the bus only. The copy follows in the background, never two of a state
 * at a time, so that a crash folds some seconds of log again; while ClickHouse is down, processing goes on.
 *
 * Two slots a state are written in turn. Generations rise with the offset and `load` takes the highest: what a process
 * saves that lost its partition and does not know it yet is older, and changes nothing. A copy that is damaged, or not
 * written to its end, gives way to the one before; without any, `load` gives undefined and the log is folded anew.
 *
 * `durable` names are otherwise: their commit resolves when the state is saved. It rejects with `clickhouse-unavailable`
 * when it is not (commit the same again), and with `state-invalid` when another process has saved a newer one; where
 * others load undefined, they reject.
 *
 * `load` reads ClickHouse and not what is held here, for another process may have had the partition since.
 */
export const createClickHouseStateStore = (options: ClickHouseStateStoreOptions): ClickHouseStateStore => {
  const { client, bus, clock, logger, saveEveryMs = defaultSaveEveryMs, prefix = '' } = options;
  const durable = new Set(options.durable);
  const loader = createStateLoader({ client, clock, logger });
  const saver = createStateSaver({ client, clock, logger, saveEveryMs });
  const held = new Map<string, HeldState>();
  const released = new Set<string>();

  /** What is asked of one state happens in the order in which it is asked. */
  const turns = new Map<string, Promise<unknown>>();
  const inTurn = <Result>(id: string, run: () => Promise<Result>): Promise<Result> => {
    const result = (turns.get(id) ?? Promise.resolve()).then(run);
    turns.set(
      id,
      result.catch(() => undefined),
    );
    return result;
  };

  const open = async (name: string, partition: number): Promise<HeldState> => {
    const isDurable = durable.has(name);
    const stored = await loader.load({ name: `${prefix}${name}`, partition }, { isDurable });
    const state: HeldState = {
      name: `${prefix}${name}`,
      partition,
      entries: new Map(stored?.entries),
      offset: stored?.offset,
      generation: stored?.generation ?? 0n,
      savedSlot: stored?.slot ?? 1,
      unsaved: false,
      dueMs: clock.now() + saveEveryMs,
      stopped: new AbortController(),
    };
    held.set(`${name}/${partition}`, state);
    return state;
  };

  const giveUp = async (id: string): Promise<void> => {
    const state = held.get(id);
    if (state === undefined) return;
    await within(clock, releaseWithinMs, () => saver.saveNow(state)).catch(() => undefined);
    state.stopped.abort();
    held.delete(id);
  };

  const release = async (id: string): Promise<void> => {
    const inItsTurn = inTurn(id, async () => {
      released.add(id);
      await giveUp(id);
    });
    // A commit that the bus does not answer has the turn for as long as it takes.
    await within(clock, 2 * releaseWithinMs, () => inItsTurn).catch(() => undefined);
    released.add(id);
    held.get(id)?.stopped.abort();
    held.delete(id);
  };

  return {
    load: (name, partition) =>
      inTurn(`${name}/${partition}`, async (): Promise<SavedState | undefined> => {
        const id = `${name}/${partition}`;
        if (!durable.has(name)) await giveUp(id);
        released.delete(id);
        const { offset, entries } = await open(name, partition);
        if (offset === undefined) return undefined;
        return { offset, entries: new Map([...entries].map(([key, json]) => [key, JSON.parse(json) as unknown])) };
      }),
    commit: (name, partition, { offset, changes, records }) => {
      const id = `${name}/${partition}`;
      // Made JSON before anything is awaited: the caller goes on to change its values.
      const changed = [...changes].map(([key, value]) => [key, JSON.stringify(value) as string | undefined] as const);
      return inTurn(id, async () => {
        const assertOurs = () => {
          if (released.has(id)) throw toLost(id, 'it was given up');
        };
        assertOurs();
        const state = held.get(id) ?? (await open(name, partition));
        if (offset < (state.offset ?? 0))
          throw toLost(id, `it is at offset ${state.offset}, behind which ${offset} lies`);
        await bus.publish(records);
        assertOurs();
        for (const [key, json] of changed) {
          if (json === undefined) state.entries.delete(key);
          else state.entries.set(key, json);
        }
        state.offset = offset;
        state.unsaved = true;
        if (durable.has(name)) await saver.saveAndCheck(state);
        else saver.saveSoon(state);
      });
    },
    release: (name, partition) => release(`${name}/${partition}`),
    close: async () => {
      await Promise.all([...held.keys()].map(release));
    },
  };
};
