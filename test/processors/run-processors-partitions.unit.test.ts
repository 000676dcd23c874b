import { describe, expect, test } from 'vitest';
import { runProcessors } from '../../processors/run-processors.ts';
import type { Bus } from '../../runtime/bus/bus.ts';
import { createMemoryBus } from '../../runtime/bus/memory-bus.ts';
import { createMemoryStateStore } from '../../runtime/memory-state-store.ts';
import type { StateStore } from '../../runtime/state-store.ts';
import { systemLogTopic } from '../../schemas/topics.ts';
import { createWorld, logOf, settingsOf } from './processor-world.ts';

describe('a partition that is lost while work on it is under way', () => {
  const logState = `processors/${systemLogTopic.name}`;

  /** Loses the log's partition, for the given reason, when its state is loaded; the load fails with an error. */
  const losing = async (lose: (lost: AbortController) => unknown) => {
    const world = createWorld();
    const lost = new AbortController();
    const bus: Bus = {
      ...world.bus,
      consume: async function* (options) {
        for await (const assignment of world.bus.consume(options)) {
          yield options.topic === systemLogTopic.name ? { ...assignment, signal: lost.signal } : assignment;
        }
      },
    };
    const stop = new AbortController();
    const released: string[] = [];
    const store: StateStore = {
      ...world.store,
      load: async (name, partition) => {
        if (name !== logState) return world.store.load(name, partition);
        throw lose(lost);
      },
      release: async (name, partition) => {
        released.push(`${name} ${partition}`);
        if (name === logState) stop.abort();
      },
    };
    const running = runProcessors({ bus, store, orgs: [settingsOf('acme')], until: 'stopped', signal: stop.signal });
    return { released, outcome: await running.then(() => 'ended', String) };
  };

  test('ends without an error where the work failed because of that, and the state is given up', async () => {
    const { released, outcome } = await losing((lost) => {
      const reason = new Error('another has it now');
      lost.abort(reason);
      return reason;
    });
    expect(outcome).toBe('ended');
    expect(released).toContain(`${logState} 0`);
  });

  test('ends with the error where it failed for another reason, or before it was lost', async () => {
    const other = await losing((lost) => {
      lost.abort(new Error('another has it now'));
      return new Error('no disk');
    });
    expect(other.outcome).toBe('Error: no disk');
    expect(other.released).toContain(`${logState} 0`);
    expect((await losing(() => new Error('no disk'))).outcome).toBe('Error: no disk');
  });
});

test('processors that are given no partition end without an error', async () => {
  const world = createWorld();
  await world.bus.publish(logOf('acme'));
  const bus: Bus = { ...world.bus, consume: async function* () {} };
  await world.run({ bus });
  expect(await world.published()).toEqual([]);
});

test('each partition has the state of its own orgs and of no other', async () => {
  const bus = createMemoryBus({ partitions: 2 });
  const store = createMemoryStateStore(bus);
  const names = ['acme', 'bolt', 'cave', 'dune', 'echo'];
  const inOf = (partition: number) => names.filter((name) => bus.partitionOf(name) === partition);
  expect(inOf(0).length * inOf(1).length).toBeGreaterThan(0);
  await bus.publish(names.flatMap(logOf));
  const orgs = names.map((name) => settingsOf(name));
  await runProcessors({ bus, store, orgs, until: 'caught-up', signal: new AbortController().signal });
  for (const partition of [0, 1]) {
    const saved = await store.load(`processors/${systemLogTopic.name}`, partition);
    const orgsSaved = [...(saved?.entries.keys() ?? [])].map((key) => key.split('/')[0]);
    expect([...new Set(orgsSaved)].sort()).toEqual(inOf(partition));
  }
});
