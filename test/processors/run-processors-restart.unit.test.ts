import { describe, expect, test } from 'vitest';
import type { StateStore } from '../../runtime/state-store.ts';
import { all, createWorld, ofTheLog, reference, sorted, withBatches } from './processor-world.ts';

describe('the processors, stopped and started again,', () => {
  test.each([1, 2, 3, 5])('read the same when they restart after every %i records', async (size) => {
    const world = createWorld();
    for (let start = 0; start < all.length; start += size) {
      await world.bus.publish(all.slice(start, start + size));
      await world.run();
    }
    expect(sorted(await world.published())).toEqual(sorted(await reference()));
    expect(ofTheLog(await world.published())).toEqual(ofTheLog(await reference()));
  });

  test('read the same after a crash between commit and ack, at each batch', async () => {
    for (let at = 1; at <= all.length; at += 1) {
      const world = createWorld();
      await world.bus.publish(all);
      await expect(world.run({ bus: withBatches(world.bus, 1, { left: at }) })).rejects.toThrow('before the ack');
      await world.run();
      expect(sorted(await world.published())).toEqual(sorted(await reference()));
    }
  });

  test('publish the same records again after a crash between publish and save, at each commit', async () => {
    const distinct = (published: readonly { key: string; value: string }[]) =>
      sorted([...new Map(published.map((record) => [JSON.stringify(record), record])).values()]);
    const expected = await reference();
    /** Crashes at the given commit; the number of commits that there were. */
    const crashAt = async (at: number): Promise<number> => {
      const world = createWorld();
      await world.bus.publish(all);
      let commits = 0;
      const store: StateStore = {
        load: world.store.load,
        commit: async (name, partition, commit) => {
          commits += 1;
          if (commits !== at) return world.store.commit(name, partition, commit);
          await world.bus.publish(commit.records);
          throw new Error('crash before the save');
        },
      };
      const run = world.run({ store, bus: withBatches(world.bus, 2) });
      if (at === Number.POSITIVE_INFINITY) await run;
      else await expect(run).rejects.toThrow('before the save');
      await world.run();
      const published = await world.published();
      if (at < Number.POSITIVE_INFINITY) expect(published.length).toBeGreaterThan(expected.length);
      expect(distinct(published)).toEqual(distinct(expected));
      return commits;
    };
    const commits = await crashAt(Number.POSITIVE_INFINITY);
    expect(commits).toBeGreaterThan(6);
    for (let at = 1; at <= commits; at += 1) await crashAt(at);
  });
});
