import { describe, expect, test } from 'vitest';
import type { Bus } from '../../runtime/bus/bus.ts';
import type { StateStore } from '../../runtime/state-store.ts';
import { dayMs, minuteMs, toTimestamp } from '../../schemas/time.ts';
import { systemLogTopic } from '../../schemas/topics.ts';
import { noon } from './events.ts';
import { progressAt } from './given.ts';
import {
  createWorld,
  isProgress,
  logOf,
  progressRecord,
  settingsOf,
  toReadings,
  withBatches,
} from './processor-world.ts';

describe('changed settings', () => {
  const before = logOf('acme').slice(0, 9);
  const after = logOf('acme').slice(9);
  const changed = [settingsOf('acme', { velocityNames: ['too far'] })];
  const versions = (published: readonly { key: string; value: string }[]) =>
    toReadings(published).map(({ slug, asOf, version }) => `${slug} ${asOf} ${version}`);

  const expectRefolded = async (
    world: ReturnType<typeof createWorld>,
    old: readonly { key: string; value: string }[],
  ) => {
    const published = await world.published();
    expect(published.slice(0, old.length)).toEqual(old);
    const fresh = published.slice(old.length);
    for (const { version } of toReadings(fresh)) expect(Number(version)).toBeGreaterThanOrEqual(before.length);
    expect(new Set(versions(published)).size).toBe(versions(published).length);
    expect(published.filter(isProgress).length).toBe(logOf('acme').filter(isProgress).length);
    const newest = new Map(toReadings(published).map((reading) => [`${reading.slug} ${reading.asOf}`, reading]));
    const travel = (minutes: number) =>
      newest.get(`okta_impossible_travel_24h ${toTimestamp(noon + minutes * minuteMs)}`)?.measures['positive'];
    // What the old settings counted in the history counts no more, and what the new ones count does.
    expect(travel(4)).toBe(1);
    expect(newest.get(`okta_failed_mfa_push_24h ${toTimestamp(noon + 4 * minuteMs)}`)?.draxis.value).toBe(4);
  };

  test.each([1, 2, 4, 500])(
    'fold the log anew in batches of %i, without publishing old readings again',
    async (size) => {
      const world = createWorld();
      await world.bus.publish(before);
      await world.run();
      const old = await world.published();
      await world.bus.publish(after);
      await world.run({ orgs: changed, bus: withBatches(world.bus, size) });
      await expectRefolded(world, old);
    },
  );

  test('publish nothing and save nothing while there is nothing new', async () => {
    const world = createWorld();
    await world.bus.publish(before);
    await world.run();
    const old = await world.published();
    await world.run({ orgs: changed });
    expect(await world.published()).toEqual(old);
    await world.bus.publish(after);
    await world.run({ orgs: changed });
    await expectRefolded(world, old);
  });

  test('fold the log anew from its beginning when a crash interrupted it', async () => {
    for (let at = 1; at <= before.length + 2; at += 1) {
      const world = createWorld();
      await world.bus.publish(before);
      await world.run();
      const old = await world.published();
      await world.bus.publish(after);
      const crashed = world.run({ orgs: changed, bus: withBatches(world.bus, 1, { left: at }) });
      await expect(crashed).rejects.toThrow('before the ack');
      await world.run({ orgs: changed });
      await expectRefolded(world, old);
    }
  });

  test('leave no entry of the old state behind', async () => {
    const world = createWorld();
    await world.bus.publish(logOf('acme'));
    await world.run();
    await world.bus.publish([progressRecord(systemLogTopic.name, 'acme', progressAt(noon + dayMs / 24))]);
    await world.run({ orgs: changed });
    const fresh = createWorld(changed);
    await fresh.bus.publish([
      ...logOf('acme'),
      progressRecord(systemLogTopic.name, 'acme', progressAt(noon + dayMs / 24)),
    ]);
    await fresh.run();
    const keysOf = async ({ store }: { store: StateStore }) => {
      const saved = await store.load(`processors/${systemLogTopic.name}`, 0);
      return [...(saved?.entries.keys() ?? [])].filter((key) => !/r:|t:/.test(key)).sort();
    };
    expect(await keysOf(world)).toEqual(await keysOf(fresh));
  });

  test('unchanged ones fold nothing anew', async () => {
    const world = createWorld();
    await world.bus.publish(logOf('acme'));
    await world.run();
    const starts: (number | undefined)[] = [];
    const watched: Bus = {
      ...world.bus,
      consume: async function* (options) {
        for await (const assignment of world.bus.consume(options)) {
          yield {
            ...assignment,
            batches: (from) => {
              if (options.topic === systemLogTopic.name) starts.push(from?.from);
              return assignment.batches(from);
            },
          };
        }
      },
    };
    await world.bus.publish([progressRecord(systemLogTopic.name, 'acme', progressAt(noon + 6 * minuteMs))]);
    await world.run({ bus: watched });
    expect(starts).toEqual([logOf('acme').length - 1]);
    await world.bus.publish([progressRecord(systemLogTopic.name, 'acme', progressAt(noon + 7 * minuteMs))]);
    await world.run({ bus: watched, orgs: changed });
    expect(starts[1]).toBe(0);
  });
});
