import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { Bus } from '../../runtime/bus/bus.ts';
import type { Until } from '../../runtime/bus/consume-partitions.ts';
import { createMemoryBus } from '../../runtime/bus/memory-bus.ts';
import { createVirtualClock, type VirtualClock } from '../../runtime/clock.ts';
import { AppError } from '../../runtime/errors.ts';
import { type DeadLetter, deadLetterSchema } from '../../schemas/dead-letter.ts';
import { createAvailability } from '../../sinks/availability.ts';
import { runSink } from '../../sinks/run-sink.ts';
import type { Sink } from '../../sinks/sink.ts';

const topic = 'kriver.runs';
const group = 'test';
const start = Date.UTC(2026, 2, 1);

const refusal = () => new AppError('clickhouse-refused', 'A bad row.', { hint: '' });
const outage = () => new AppError('clickhouse-unavailable', 'Nobody answers.', { hint: '' });

/** A real logger over memory: levels are pino's, 30 for info, 40 for warnings, 50 for errors. */
const createLog = () => {
  const levels: number[] = [];
  const logger = pino({}, { write: (line: string) => void levels.push(JSON.parse(line).level) });
  return { levels, logger };
};

const publish = (bus: Bus, values: readonly string[], to = topic) =>
  bus.publish(values.map((value) => ({ topic: to, org: 'acme', key: `acme/${value}`, value: Buffer.from(value) })));

const readAll = async (bus: Bus, from: string): Promise<Buffer[]> => {
  const values: Buffer[] = [];
  for await (const records of bus.read(from, bus.partitionOf('acme'), 0))
    values.push(...records.map(({ value }) => value));
  return values;
};

/** Lets everything that waits for nothing but promises run. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

const advanceUntil = async (clock: VirtualClock, done: () => boolean): Promise<void> => {
  for (let turn = 0; turn < 1_000 && !done(); turn += 1) {
    await settled();
    if (clock.sleepers() > 0) clock.advance(1_000);
  }
};

const createWorld = (sink: Sink, options: { clock?: VirtualClock; bus?: Bus } = {}) => {
  const clock = options.clock ?? createVirtualClock(start);
  const bus = options.bus ?? createMemoryBus({ clock });
  const { logger, levels } = createLog();
  const availability = createAvailability('The store', logger);
  const stop = new AbortController();
  return {
    clock,
    bus,
    levels,
    availability,
    stop,
    run: (changes: { until?: Until; rewindMs?: number; topic?: string } = {}) =>
      runSink({
        bus,
        topic,
        group,
        sink,
        until: 'caught-up',
        signal: stop.signal,
        clock,
        logger,
        availability,
        ...changes,
      }),
  };
};

/** A store of keys, which a write of a key that is there leaves as it is. */
const createStore = (before: (values: readonly string[]) => void = () => {}) => {
  const writes: string[][] = [];
  const stored = new Set<string>();
  const sink: Sink = {
    write: async (records) => {
      const values = records.map(({ value }) => value.toString());
      before(values);
      writes.push(values);
      for (const value of values) stored.add(value);
    },
  };
  return { sink, writes, stored };
};

describe('the loop of every sink', () => {
  it('writes a batch in its order and acks it afterwards', async () => {
    const committedAtWrite: (number | undefined)[] = [];
    const sink: Sink = {
      write: async (records) => {
        expect(records.map((record) => record.topic)).toEqual([topic, topic]);
        committedAtWrite.push(await world.bus.committed(topic, 0, group));
      },
    };
    const world = createWorld(sink);
    await publish(world.bus, ['a', 'b']);
    await world.run();
    expect(committedAtWrite).toEqual([undefined]);
    expect(await world.bus.committed(topic, 0, group)).toBe(1);
  });

  it('offers the same records again while the store is down, with longer and longer waits', async () => {
    const attempts: number[] = [];
    const store = createStore(() => {
      attempts.push((clock.now() - start) / 1_000);
      if (attempts.length <= 8) throw outage();
    });
    const clock = createVirtualClock(start);
    const world = createWorld(store.sink, { clock });
    await publish(world.bus, ['a', 'b']);
    let done = false;
    const running = world.run().then(() => {
      done = true;
    });
    await advanceUntil(clock, () => done);
    await running;
    expect(attempts).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183]);
    expect(store.writes).toEqual([['a', 'b']]);
  });

  it('logs an outage when it begins and when it ends, not at each attempt', async () => {
    let attempts = 0;
    const store = createStore(() => {
      attempts += 1;
      if (attempts <= 5) throw outage();
    });
    const world = createWorld(store.sink);
    await publish(world.bus, ['a']);
    let done = false;
    const running = world.run().then(() => {
      done = true;
    });
    await settled();
    expect(world.availability.failure()).toBe('Nobody answers.');
    await advanceUntil(world.clock, () => done);
    await running;
    expect(world.levels).toEqual([40, 30]);
    expect(world.availability.failure()).toBeUndefined();
  });

  it('stops during an outage without acking and without an error', async () => {
    const store = createStore(() => {
      throw outage();
    });
    const world = createWorld(store.sink);
    await publish(world.bus, ['a']);
    const running = world.run({ until: 'stopped' });
    await settled();
    world.stop.abort();
    await running;
    expect(await world.bus.committed(topic, 0, group)).toBeUndefined();
  });

  it('ends with the error of a defect, without acking', async () => {
    const store = createStore(() => {
      throw new TypeError('undefined is not a function');
    });
    const world = createWorld(store.sink);
    await publish(world.bus, ['a']);
    await expect(world.run()).rejects.toThrow('undefined is not a function');
    expect(await world.bus.committed(topic, 0, group)).toBeUndefined();
  });

  it('finds refused records by halving, sends them whole to dead letters, and stores the rest', async () => {
    const values = Array.from({ length: 100 }, (_, index) => `v${index}`);
    const bad = new Set(['v13', 'v14', 'v99']);
    let attempts = 0;
    const store = createStore((batch) => {
      attempts += 1;
      if (batch.some((value) => bad.has(value))) throw refusal();
    });
    const world = createWorld(store.sink);
    await publish(world.bus, values);
    await world.run();
    expect([...store.stored].sort()).toEqual(values.filter((value) => !bad.has(value)).sort());
    expect(attempts).toBeLessThan(45);
    const letters = (await readAll(world.bus, 'kriver.dead-letters')).map(
      (value): DeadLetter => deadLetterSchema.parse(JSON.parse(value.toString())),
    );
    expect(letters.map(({ bytes }) => Buffer.from(bytes, 'base64').toString())).toEqual(['v13', 'v14', 'v99']);
    expect(letters[0]).toMatchObject({
      org: 'acme',
      origin: topic,
      reason: 'A bad row. (key acme/v13, offset 13)',
      at: '2026-03-01T00:00:00.000Z',
      minute: null,
      truncated: false,
    });
    expect(await world.bus.committed(topic, 0, group)).toBe(99);
  });

  it('gives the same bad record the same id, so that it is one dead letter after a retry', async () => {
    const store = createStore(() => {
      throw refusal();
    });
    const world = createWorld(store.sink);
    await publish(world.bus, ['bad', 'bad', 'other']);
    await world.run();
    const ids = (await readAll(world.bus, 'kriver.dead-letters')).map((value) => JSON.parse(value.toString()).id);
    expect(ids[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(ids[1]).toBe(ids[0]);
    expect(ids[2]).not.toBe(ids[0]);
  });

  it('makes no dead letter of a dead letter', async () => {
    const store = createStore(() => {
      throw refusal();
    });
    const world = createWorld(store.sink);
    await publish(world.bus, ['bad'], 'kriver.dead-letters');
    await world.run({ topic: 'kriver.dead-letters' });
    expect(await readAll(world.bus, 'kriver.dead-letters')).toHaveLength(1);
    expect(world.levels).toEqual([50]);
  });

  it('keeps the beginning of a record that is too large for a dead letter, and says so', async () => {
    const store = createStore(() => {
      throw refusal();
    });
    const world = createWorld(store.sink);
    await publish(world.bus, ['x'.repeat(700_000)]);
    await world.run();
    const [value] = await readAll(world.bus, 'kriver.dead-letters');
    expect(value?.length).toBeLessThan(900_000);
    expect(JSON.parse(String(value))).toMatchObject({ truncated: true });
  });

  it('writes again what was written but not acked', async () => {
    const store = createStore();
    const world = createWorld(store.sink);
    await publish(world.bus, ['a', 'b']);
    const crashing: Sink = {
      write: async (records) => {
        await store.sink.write(records);
        throw new Error('killed between write and ack');
      },
    };
    const crashed = createWorld(crashing, { bus: world.bus, clock: world.clock });
    await expect(crashed.run()).rejects.toThrow('killed between write and ack');
    await world.run();
    expect(store.writes).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ]);
    expect([...store.stored]).toEqual(['a', 'b']);
  });
});

describe('after an unclean stop', () => {
  const minute = 60_000;

  /** One record a minute, all acked. */
  const acked = async () => {
    const store = createStore();
    const world = createWorld(store.sink);
    for (let index = 0; index < 60; index += 1) {
      await publish(world.bus, [`m${index}`]);
      world.clock.advance(minute);
    }
    await world.run();
    store.writes.length = 0;
    return { store, world };
  };

  it('rewrites the log of the given time before the last ack, and what came since', async () => {
    const { store, world } = await acked();
    await publish(world.bus, ['new']);
    await world.run({ rewindMs: 15 * minute });
    const rewritten = store.writes.flat();
    expect(rewritten.at(-1)).toBe('new');
    expect(rewritten[0]).toBe('m44');
  });

  it('counts back from the last ack and not from now, so that a long outage does not shorten it', async () => {
    const { store, world } = await acked();
    world.clock.advance(20 * 24 * 60 * minute);
    await world.run({ rewindMs: 15 * minute });
    expect(store.writes.flat()[0]).toBe('m44');
  });

  it('writes nothing again when it was not told to rewind', async () => {
    const { store, world } = await acked();
    await world.run();
    expect(store.writes).toEqual([]);
  });

  it('starts at the beginning when nothing was ever acked', async () => {
    const store = createStore();
    const world = createWorld(store.sink);
    await publish(world.bus, ['a']);
    await world.run({ rewindMs: 15 * minute });
    expect(store.writes).toEqual([['a']]);
  });
});
