import { describe, expect, test } from 'vitest';
import { createVirtualClock, type VirtualClock } from '../../runtime/clock.ts';
import type { StateCommit } from '../../runtime/state-store.ts';
import { createStateWorld, useStateDatabase, wrapClient } from './clickhouse-state-world.ts';

const name = 'processors/okta.system-log';
const startMs = Date.UTC(2026, 2, 1);
const saveEveryMs = 30_000;

const database = useStateDatabase();

/** An entry that tells at which offset it was folded. */
const commitAt = (offset: number, records: StateCommit['records'] = []): StateCommit => ({
  offset,
  changes: new Map<string, unknown>([
    ['acme/at', offset],
    [`acme/${offset % 2 === 0 ? 'even' : 'odd'}`, { offset }],
  ]),
  records,
});

/** Lets the engine and every promise go on until something holds. */
const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  for (let turn = 0; turn < 200_000; turn += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error('It never came to that.');
};

const savedOffsets = async (): Promise<number[]> =>
  (await database.rows<{ at: number }>('SELECT toUInt32(offset) AS at FROM processor_state ORDER BY at')).map(
    ({ at }) => at,
  );

const isSaved = (offset: number) => async () => (await savedOffsets()).includes(offset);

/** Time passes as long as somebody waits for it. */
const passTime = async (clock: VirtualClock, done: () => boolean): Promise<void> =>
  until(() => {
    if (!done() && clock.sleepers() > 0) clock.advance(500);
    return done();
  });

const merge = () => database.client.command({ query: 'OPTIMIZE TABLE processor_state FINAL' });

const withClock = (options: { durable?: readonly string[]; prefix?: string } = {}) => {
  const clock = createVirtualClock(startMs);
  return { clock, ...createStateWorld(database.client, { clock, saveEveryMs, ...options }) };
};

describe('state in ClickHouse as a cache of the log', () => {
  test('is saved when it is due, as it is then, and not again before it changes', async () => {
    const { clock, store } = withClock();
    await store.commit(name, 0, commitAt(1));
    await store.commit(name, 0, commitAt(2));
    clock.advance(saveEveryMs - 1);
    await store.commit(name, 0, commitAt(3));
    expect(await savedOffsets()).toEqual([]);
    clock.advance(1);
    await until(isSaved(3));
    expect(await savedOffsets()).toEqual([3]);
    await until(() => clock.sleepers() === 0);
    clock.advance(10 * saveEveryMs);
    await store.commit(name, 0, commitAt(4));
    await until(isSaved(4));
    expect(await savedOffsets()).toEqual([3, 4]);
  });

  test('has one save under way at a time, and the newest state is the next', async () => {
    let open = () => {};
    let inserts = 0;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const client = wrapClient(database.client, {
      insert: () => {
        inserts += 1;
        return inserts === 1 ? gate : undefined;
      },
    });
    const clock = createVirtualClock(startMs);
    const { store } = createStateWorld(client, { clock, saveEveryMs });
    await store.commit(name, 0, commitAt(1));
    clock.advance(saveEveryMs);
    await until(() => inserts === 1);
    for (const offset of [2, 3, 4]) {
      clock.advance(saveEveryMs);
      await store.commit(name, 0, commitAt(offset));
    }
    expect(inserts).toBe(1);
    open();
    await until(isSaved(1));
    await until(async () => {
      clock.advance(saveEveryMs);
      return isSaved(4)();
    });
    expect(await savedOffsets()).toEqual([1, 4]);
  });

  test('is folded on while ClickHouse is down, which is logged when it begins and when it ends', async () => {
    let isDown = true;
    const client = wrapClient(database.client, {
      insert: () => {
        if (isDown) throw new Error('connect ECONNREFUSED');
      },
    });
    const clock = createVirtualClock(startMs);
    const { store, logged } = createStateWorld(client, { clock, saveEveryMs });
    for (let offset = 1; offset <= 5; offset += 1) {
      await store.commit(name, 0, commitAt(offset));
      clock.advance(saveEveryMs);
      await until(() => clock.sleepers() > 0);
    }
    expect(logged.map(([level]) => level)).toEqual([40]);
    expect(logged[0]?.[1]).toContain('connect ECONNREFUSED');
    isDown = false;
    clock.advance(saveEveryMs);
    await until(isSaved(5));
    await until(() => logged.length === 2);
    expect(logged[1]).toEqual([30, 'ClickHouse takes the state of processors again.']);
  });

  test('keeps two whole copies, however many were saved and merged', async () => {
    const { clock, store } = withClock();
    for (const offset of [10, 20, 31, 40, 52]) {
      await store.commit(name, 0, commitAt(offset));
      clock.advance(saveEveryMs);
      await until(isSaved(offset));
      await until(() => clock.sleepers() === 0);
    }
    await merge();
    expect(await savedOffsets()).toEqual([40, 52]);
  });

  test.each([
    ['damaged', "UPDATE text = replaceOne(text, '3', '4')"],
    ['of another format', 'UPDATE format = 99'],
  ])(
    'gives way to the copy before when it is %s, with a warning, and without any is folded anew',
    async (_, change) => {
      const first = withClock();
      for (const offset of [3, 33]) {
        await first.store.commit(name, 0, commitAt(offset));
        first.clock.advance(saveEveryMs);
        await until(isSaved(offset));
        await until(() => first.clock.sleepers() === 0);
      }
      const alter = (offset: number) =>
        database.client.command({
          query: `ALTER TABLE processor_state ${change} WHERE offset = ${offset} SETTINGS mutations_sync = 2`,
        });
      await alter(33);
      const second = withClock();
      expect((await second.store.load(name, 0))?.offset).toBe(3);
      expect(second.logged.map(([level]) => level)).toEqual([40]);
      expect(second.logged[0]?.[1]).toContain('That of offset 3 is used.');
      await alter(3);
      const third = withClock();
      expect(await third.store.load(name, 0)).toBeUndefined();
      expect(third.logged[0]?.[1]).toContain('It is folded anew from the log.');
    },
  );

  test('is not taken for that of another partition, though its row stands in its place', async () => {
    const first = withClock();
    await first.store.commit(name, 0, commitAt(3));
    await first.store.close();
    const columns = 'name, slot, chunk, chunks, generation, offset, format, checksum, text';
    await database.client.command({
      query: `INSERT INTO processor_state (partition, ${columns}) SELECT 7, ${columns} FROM processor_state`,
    });
    const second = withClock();
    expect(await second.store.load(name, 7)).toBeUndefined();
    expect(second.logged[0]?.[1]).toContain('the checksum of piece 0 does not match');
  });

  test('of several pieces counts only when all of them are there', async () => {
    const large = (offset: number): StateCommit => ({
      offset,
      changes: new Map(Array.from({ length: 12 }, (_, index) => [`acme/${index}`, `${offset}`.repeat(500_000)])),
      records: [],
    });
    let failsAt = Number.POSITIVE_INFINITY;
    let inserts = 0;
    const client = wrapClient(database.client, {
      insert: () => {
        inserts += 1;
        if (inserts === failsAt) throw new Error('socket hang up');
      },
    });
    const clock = createVirtualClock(startMs);
    const { store } = createStateWorld(client, { clock, saveEveryMs });
    await store.commit(name, 0, large(1));
    clock.advance(saveEveryMs);
    await until(async () => (await savedOffsets()).length === 2);
    expect(inserts).toBe(2);
    failsAt = 4;
    await store.commit(name, 0, large(2));
    clock.advance(saveEveryMs);
    await until(() => inserts === 4 && clock.sleepers() > 0);
    const next = withClock();
    const saved = await next.store.load(name, 0);
    expect(saved?.offset).toBe(1);
    expect(saved?.entries).toEqual(large(1).changes);
    expect(next.logged[0]?.[1]).toContain('not all pieces are there');
    await store.close();
    expect((await withClock().store.load(name, 0))?.entries).toEqual(large(2).changes);
  });

  test('is not replaced by the older one of a process that does not know yet that it lost the partition', async () => {
    const zombie = withClock();
    await zombie.store.commit(name, 0, commitAt(10));
    await zombie.store.close();
    const asleep = withClock();
    await asleep.store.load(name, 0);
    await asleep.store.commit(name, 0, commitAt(12));
    const owner = withClock();
    expect((await owner.store.load(name, 0))?.offset).toBe(10);
    for (const offset of [20, 30]) {
      await owner.store.commit(name, 0, commitAt(offset));
      owner.clock.advance(saveEveryMs);
      await until(isSaved(offset));
      await until(() => owner.clock.sleepers() === 0);
    }
    asleep.clock.advance(saveEveryMs);
    await until(isSaved(12));
    for (const merged of [false, true]) {
      if (merged) await merge();
      expect((await withClock().store.load(name, 0))?.offset).toBe(30);
    }
    expect(await savedOffsets()).toEqual([20, 30]);
  });

  test('is read from ClickHouse when a partition comes back, not from what is held', async () => {
    const first = withClock();
    await first.store.commit(name, 0, commitAt(1));
    await first.store.release(name, 0);
    const second = withClock();
    await second.store.load(name, 0);
    await second.store.commit(name, 0, commitAt(8));
    await second.store.release(name, 0);
    const back = await first.store.load(name, 0);
    expect(back?.offset).toBe(8);
    expect(Object.fromEntries(back?.entries ?? [])).toEqual({
      'acme/at': 8,
      'acme/odd': { offset: 1 },
      'acme/even': { offset: 8 },
    });
  });

  test('is saved when it is released, and never afterwards', async () => {
    const { clock, store, bus } = withClock();
    await store.commit(name, 0, commitAt(1));
    await store.commit(name, 1, commitAt(2));
    await store.release(name, 0);
    expect(await savedOffsets()).toEqual([1]);
    const record = { topic: 'kri.readings', org: 'acme', key: 'acme/x/y', value: Buffer.from('{}') };
    await expect(store.commit(name, 0, commitAt(3, [record]))).rejects.toMatchObject({ code: 'state-invalid' });
    expect(await bus.endOffset('kri.readings', 0)).toBe(0);
    clock.advance(saveEveryMs);
    await until(isSaved(2));
    expect(await savedOffsets()).toEqual([1, 2]);
  });

  test('is given up in a few seconds when ClickHouse hangs, and what hangs is ended', async () => {
    let signal: AbortSignal | undefined;
    const client = wrapClient(database.client, {});
    const hanging = new Proxy(client, {
      get: (target, property) => {
        if (property !== 'insert') return Reflect.get(target, property);
        return (parameters: { abort_signal: AbortSignal }) => {
          signal = parameters.abort_signal;
          return new Promise(() => {});
        };
      },
    });
    const clock = createVirtualClock(startMs);
    const { store } = createStateWorld(hanging, { clock, saveEveryMs });
    await store.commit(name, 0, commitAt(1));
    let isOver = false;
    const closing = store.close().then(() => {
      isOver = true;
    });
    await passTime(clock, () => isOver);
    await closing;
    expect(clock.now() - startMs).toBeLessThanOrEqual(5_000);
    expect(signal?.aborted).toBe(true);
  });

  test('that ClickHouse does not give within ten seconds is folded anew, with a warning', async () => {
    let attempts = 0;
    const client = wrapClient(database.client, {
      query: () => {
        attempts += 1;
        if (attempts === 2) return new Promise(() => {});
        throw new Error('connect ECONNREFUSED');
      },
    });
    const clock = createVirtualClock(startMs);
    const { store, logged } = createStateWorld(client, { clock, saveEveryMs });
    let loaded: unknown = 'nothing yet';
    const loading = store.load(name, 0).then((state) => {
      loaded = state;
    });
    await passTime(clock, () => loaded !== 'nothing yet');
    await loading;
    expect(loaded).toBeUndefined();
    expect(clock.now() - startMs).toBeLessThanOrEqual(10_500);
    expect(attempts).toBeGreaterThan(1);
    expect(logged).toHaveLength(1);
    expect(logged[0]?.[0]).toBe(40);
  });

  test('that ClickHouse gives at the second attempt is used', async () => {
    const first = withClock();
    await first.store.commit(name, 0, commitAt(7));
    await first.store.close();
    let attempts = 0;
    const client = wrapClient(database.client, {
      query: () => {
        attempts += 1;
        if (attempts === 1) throw new Error('socket hang up');
      },
    });
    const clock = createVirtualClock(startMs);
    const { store, logged } = createStateWorld(client, { clock });
    const loading = store.load(name, 0);
    await until(() => attempts === 1 && clock.sleepers() === 1);
    clock.advance(1_000);
    const offset = (await loading)?.offset;
    expect(offset).toBe(7);
    expect(logged).toEqual([]);
  });

  test('cannot go back behind the offset that it is at', async () => {
    const { store } = withClock();
    await store.commit(name, 0, commitAt(9));
    await expect(store.commit(name, 0, commitAt(8))).rejects.toMatchObject({ code: 'state-invalid' });
  });
});

describe('state in ClickHouse as the only place', () => {
  const durable = [name];

  test('is saved when the commit resolves, several times at one offset, and the last counts', async () => {
    const { store } = withClock({ durable });
    for (const value of ['attempted', 'pushed', 'noted']) {
      await store.commit(name, 0, { offset: 5, changes: new Map([['acme/x', value]]), records: [] });
      expect((await withClock({ durable }).store.load(name, 0))?.entries.get('acme/x')).toBe(value);
    }
    await merge();
    expect((await withClock({ durable }).store.load(name, 0))?.entries.get('acme/x')).toBe('noted');
  });

  test('rejects a commit that is not saved, and takes the same one again', async () => {
    let isDown = true;
    const client = wrapClient(database.client, {
      insert: () => {
        if (isDown) throw new Error('connect ECONNREFUSED');
      },
    });
    const { store } = createStateWorld(client, { durable, clock: createVirtualClock(startMs) });
    await expect(store.commit(name, 0, commitAt(5))).rejects.toMatchObject({ code: 'clickhouse-unavailable' });
    isDown = false;
    await store.commit(name, 0, commitAt(5));
    expect((await withClock({ durable }).store.load(name, 0))?.offset).toBe(5);
  });

  test('rejects the commit of a process that another one has overtaken', async () => {
    const first = withClock({ durable });
    await first.store.commit(name, 0, commitAt(5));
    const second = withClock({ durable });
    await second.store.load(name, 0);
    await second.store.commit(name, 0, commitAt(6));
    await expect(first.store.commit(name, 0, commitAt(5))).rejects.toMatchObject({ code: 'state-invalid' });
    expect((await withClock({ durable }).store.load(name, 0))?.offset).toBe(6);
  });

  test('is never taken for absent: neither when ClickHouse is down nor when it is damaged', async () => {
    const client = wrapClient(database.client, {
      query: () => {
        throw new Error('connect ECONNREFUSED');
      },
    });
    const clock = createVirtualClock(startMs);
    const { store } = createStateWorld(client, { durable, clock });
    let failure: unknown;
    const loading = store.load(name, 0).catch((error: unknown) => {
      failure = error;
    });
    await passTime(clock, () => failure !== undefined);
    await loading;
    expect(failure).toMatchObject({ code: 'clickhouse-unavailable' });

    await withClock({ durable }).store.commit(name, 0, commitAt(5));
    await database.client.command({
      query: 'ALTER TABLE processor_state UPDATE checksum = 0 WHERE 1 SETTINGS mutations_sync = 2',
    });
    await expect(withClock({ durable }).store.load(name, 0)).rejects.toMatchObject({ code: 'state-invalid' });
  });

  test('can be looked at while it is written, without a change being lost', async () => {
    const { store } = withClock({ durable });
    await store.commit(name, 0, commitAt(1));
    await Promise.all([store.commit(name, 0, commitAt(2)), store.load(name, 0), store.commit(name, 0, commitAt(3))]);
    expect(Object.fromEntries((await store.load(name, 0))?.entries ?? [])).toEqual({
      'acme/at': 3,
      'acme/odd': { offset: 3 },
      'acme/even': { offset: 2 },
    });
  });
});

test('the states of two installations in one database are apart', async () => {
  const first = withClock({ prefix: 'one.', durable: [name] });
  const second = withClock({ prefix: 'two.', durable: [name] });
  await first.store.commit(name, 0, commitAt(7));
  expect(await second.store.load(name, 0)).toBeUndefined();
  await second.store.commit(name, 0, commitAt(2));
  expect((await withClock({ prefix: 'one.' }).store.load(name, 0))?.offset).toBe(7);
});
