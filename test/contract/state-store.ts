import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Bus, OutgoingRecord } from '../../runtime/bus/bus.ts';
import type { StateStore } from '../../runtime/state-store.ts';

export interface StateStoreUnderTest {
  readonly bus: Bus;
  readonly store: StateStore;
  reopen?(): Promise<{ bus: Bus; store: StateStore }>;
  close(): Promise<void>;
}

const readingOf = (value: string): OutgoingRecord => ({
  topic: 'contract.readings',
  org: 'acme',
  key: 'acme/slug',
  value: Buffer.from(value),
});

const publishedBy = async (bus: Bus): Promise<string[]> => {
  const all: string[] = [];
  for await (const records of bus.read('contract.readings', bus.partitionOf('acme'), 0))
    for (const { value } of records) all.push(value.toString());
  return all;
};

/**
 * The promises of runtime/state-store.ts, for every adapter. The org `acme` must be known to the bus. One that keeps
 * everything in memory promises nothing beyond its own life (`outlivesRestart: false`).
 */
export const stateStoreContract = (
  name: string,
  create: () => Promise<StateStoreUnderTest>,
  { outlivesRestart } = { outlivesRestart: true },
): void => {
  describe(`${name} keeps the contract of a state store`, () => {
    let under: StateStoreUnderTest;
    beforeEach(async () => {
      under = await create();
    });
    afterEach(() => under.close());

    test('a state that was never saved is undefined', async () => {
      expect(await under.store.load('indicator', 0)).toBeUndefined();
    });

    test('a commit publishes its records and saves its changes and offset', async () => {
      const { store, bus } = under;
      const value = { starts: ['2026-01-01T00:00:00.000Z'], count: 2, nested: { none: null, text: 'ü' } };
      const changes = new Map<string, unknown>([
        ['minute/1', value],
        ['plain', 'text'],
      ]);
      await store.commit('indicator', 0, { offset: 41, changes, records: [readingOf('one'), readingOf('two')] });
      expect(await store.load('indicator', 0)).toEqual({ offset: 41, entries: changes });
      expect(await publishedBy(bus)).toEqual(['one', 'two']);
    });

    test('a commit changes the entries it names, removes those that are undefined and leaves the others', async () => {
      const { store } = under;
      const first = new Map<string, unknown>([
        ['a', 1],
        ['b', 2],
        ['c', 3],
      ]);
      await store.commit('indicator', 0, { offset: 1, changes: first, records: [] });
      const second = new Map<string, unknown>([
        ['a', 10],
        ['b', undefined],
        ['never there', undefined],
        ['d', 4],
      ]);
      await store.commit('indicator', 0, { offset: 2, changes: second, records: [] });
      const saved = await store.load('indicator', 0);
      expect(saved?.offset).toBe(2);
      expect(Object.fromEntries(saved?.entries ?? [])).toEqual({ a: 10, c: 3, d: 4 });
    });

    test('a commit without changes moves the offset', async () => {
      const { store } = under;
      await store.commit('indicator', 0, { offset: 7, changes: new Map(), records: [] });
      expect(await store.load('indicator', 0)).toEqual({ offset: 7, entries: new Map() });
    });

    test('states of other names and partitions are apart', async () => {
      const { store } = under;
      const names = [
        ['one', 0],
        ['one', 1],
        ['one', 10],
        ['two', 0],
        ['onetwo', 0],
      ] as const;
      for (const [i, [stateName, partition]] of names.entries())
        await store.commit(stateName, partition, { offset: i, changes: new Map([['key', i]]), records: [] });
      for (const [i, [stateName, partition]] of names.entries())
        expect(await store.load(stateName, partition)).toEqual({ offset: i, entries: new Map([['key', i]]) });
    });

    test('a state that is changed after it was loaded or saved stays as it was saved', async () => {
      const { store } = under;
      const value = { list: [1] };
      await store.commit('indicator', 0, { offset: 1, changes: new Map([['key', value]]), records: [] });
      value.list.push(2);
      const loaded = (await store.load('indicator', 0))?.entries.get('key') as typeof value;
      loaded.list.push(3);
      expect((await store.load('indicator', 0))?.entries.get('key')).toEqual({ list: [1] });
    });

    test('large entries and many entries come back', async () => {
      const { store } = under;
      const changes = new Map<string, unknown>([['large', 'x'.repeat(300_000)]]);
      for (let i = 0; i < 3_000; i += 1) changes.set(`user/00u${i}`, { i });
      await store.commit('indicator', 0, { offset: 1, changes, records: [] });
      expect((await store.load('indicator', 0))?.entries).toEqual(changes);
    });

    test('a commit whose records cannot be published saves nothing', async () => {
      const { store } = under;
      const lost = {
        ...readingOf('lost'),
        get org(): string {
          throw new Error('no partition');
        },
      };
      const commit = { offset: 9, changes: new Map([['key', 1]]), records: [lost] };
      await expect(store.commit('indicator', 0, commit)).rejects.toThrow('no partition');
      expect(await store.load('indicator', 0)).toBeUndefined();
    });

    if (!outlivesRestart) return;

    test('state and records outlive a restart', async () => {
      if (under.reopen === undefined) throw new Error('The test gives no way to open this adapter again.');
      const changes = new Map([['key', { set: ['a', 'b'] }]]);
      await under.store.commit('indicator', 0, { offset: 5, changes, records: [readingOf('one')] });
      const reopened = await under.reopen();
      expect(await reopened.store.load('indicator', 0)).toEqual({ offset: 5, entries: changes });
      expect(await publishedBy(reopened.bus)).toEqual(['one']);
    });
  });
};
