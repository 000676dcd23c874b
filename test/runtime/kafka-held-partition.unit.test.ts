import kafkajs, { type KafkaMessage } from 'kafkajs';
import { describe, expect, test } from 'vitest';
import type { Assignment, Batch } from '../../runtime/bus/bus.ts';
import { createHeldPartition } from '../../runtime/bus/kafka/held-partition.ts';
import { toBusError } from '../../runtime/bus/kafka/kafka-error.ts';
import type { Bounds } from '../../runtime/bus/kafka/offsets.ts';
import { createVirtualClock } from '../../runtime/clock.ts';
import { createLog } from './kafka-world.ts';

const away = () => toBusError('Nothing is known', new kafkajs.KafkaJSConnectionError('connect ECONNREFUSED'));

const messages = (from: number, count: number, bytes = 1): KafkaMessage[] =>
  Array.from({ length: count }, (_, n) => ({
    offset: String(from + n),
    timestamp: '0',
    attributes: 0,
    key: null,
    value: Buffer.alloc(bytes, 'x'),
    headers: {},
  }));

const settle = async () => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** A held partition of a member that a test speaks for. */
const setUp = (given: { committed?: number; bounds?: () => Bounds } = {}) => {
  const calls: string[] = [];
  let alive = true;
  let commit: () => Promise<void> = async () => {};
  const log = createLog();
  const clock = createVirtualClock(0);
  const held = createHeldPartition({
    topic: 't',
    topicName: 'p.t',
    groupId: 'g',
    partition: 3,
    membership: {
      seek: (partition, offset) => calls.push(`seek ${partition} ${offset}`),
      resume: (partition) => calls.push(`resume ${partition}`),
      commit: async (partition, next) => {
        calls.push(`commit ${partition} ${next}`);
        await commit();
      },
      isAlive: () => alive,
    },
    offsets: {
      bounds: async () => given.bounds?.() ?? { first: 0, end: 1_000 },
      at: async () => 0,
      committed: async () => given.committed,
    },
    clock,
    logger: log.logger,
  });
  const read = (assignment: Assignment, from?: number) =>
    assignment.batches(from === undefined ? {} : { from })[Symbol.asyncIterator]();
  const next = async (batches: AsyncIterator<Batch>): Promise<Batch> => {
    const { value, done } = await batches.next();
    if (done === true) throw new Error('the batches ended');
    return value;
  };
  return {
    ...held,
    calls,
    clock,
    log,
    read,
    next,
    die: () => {
      alive = false;
    },
    onCommit: (does: () => Promise<void>) => {
      commit = does;
    },
  };
};

const offsetsOf = ({ records }: Batch) => records.map(({ offset }) => offset);

describe('a held partition', () => {
  test('fetches nothing before somebody reads, and then from after the last ack, or from where it is told', async () => {
    const one = setUp({ committed: 4 });
    expect(await one.accept({ from: 0, messages: messages(0, 1), end: 1 })).toBe(false);
    expect(one.calls).toEqual([]);
    void one.read(one.assignment).next();
    await settle();
    expect(one.calls).toEqual(['seek 3 5', 'resume 3']);
    const other = setUp({ committed: 4 });
    void other.read(other.assignment, 2).next();
    await settle();
    expect(other.calls).toEqual(['seek 3 2', 'resume 3']);
  });

  test('hands out batches of at most 500 that know the end, the next one after the ack of the last', async () => {
    const { accept, read, next, assignment, calls } = setUp();
    const batches = read(assignment);
    const first = next(batches);
    await settle();
    expect(await accept({ from: 0, messages: messages(0, 700), end: 900 })).toBe(true);
    expect(offsetsOf(await first)).toEqual(
      offsetsOf({ records: messages(0, 500).map(({ offset }) => ({ offset: Number(offset) })) } as never),
    );
    expect((await first).endOffset).toBe(900);
    let second: Batch | undefined;
    const waiting = next(batches).then((batch) => {
      second = batch;
    });
    await settle();
    expect(second).toBeUndefined();
    await (await first).ack();
    await waiting;
    expect([second?.records.length, second?.records[0]?.offset]).toEqual([200, 500]);
    expect(calls.at(-1)).toBe('commit 3 500');
  });

  test('fetches again when it was full and is not any more', async () => {
    const { accept, read, next, assignment, calls, buffer } = setUp();
    const batches = read(assignment);
    const first = next(batches);
    await settle();
    await accept({ from: 0, messages: messages(0, 1), end: 1 });
    await accept({ from: 1, messages: messages(1, 3, 3 * 2 ** 20), end: 4 });
    await (await first).ack();
    expect(buffer()?.isFull()).toBe(true);
    expect(calls.filter((call) => call === 'resume 3')).toHaveLength(1);
    await next(batches);
    expect(calls.filter((call) => call === 'resume 3')).toHaveLength(2);
  });

  test('ends with its release: who waits for records, for an ack, or has not begun', async () => {
    const waits = setUp();
    const waiting = waits.read(waits.assignment).next();
    await settle();
    waits.release();
    expect(await waiting).toMatchObject({ done: true });

    const handles = setUp();
    const batches = handles.read(handles.assignment);
    const first = handles.next(batches);
    await settle();
    await handles.accept({ from: 0, messages: messages(0, 1), end: 1 });
    await first;
    const after = batches.next();
    await settle();
    handles.release(new Error('lost'));
    expect(await after).toMatchObject({ done: true });
    expect(handles.assignment.signal.reason).toEqual(new Error('lost'));
    expect(await handles.read(handles.assignment).next()).toMatchObject({ done: true });
  });

  test('is idle when no batch is being handled', async () => {
    const { accept, read, next, assignment, idle } = setUp();
    await idle();
    const batches = read(assignment);
    const first = next(batches);
    await settle();
    await accept({ from: 0, messages: messages(0, 1), end: 1 });
    await first;
    let isIdle = false;
    void idle().then(() => {
      isIdle = true;
    });
    await settle();
    expect(isIdle).toBe(false);
    void batches.next();
    await settle();
    expect(isIdle).toBe(true);
  });

  test('hands nothing out that may be the work of another by now', async () => {
    const { accept, read, assignment, die } = setUp();
    const first = read(assignment).next();
    await settle();
    die();
    await accept({ from: 0, messages: messages(0, 1), end: 1 });
    expect(await first).toMatchObject({ done: true });
  });

  test('waits for brokers that are away, as long as it is held', async () => {
    let tries = 0;
    const bounds = () => {
      tries += 1;
      if (tries < 4) throw away();
      return { first: 0, end: 9 };
    };
    const { read, assignment, calls, clock } = setUp({ bounds });
    void read(assignment).next();
    for (let n = 0; n < 3; n += 1) {
      await settle();
      clock.advance(500);
    }
    await settle();
    expect([tries, calls]).toEqual([4, ['seek 3 0', 'resume 3']]);

    const lost = setUp({
      bounds: () => {
        throw away();
      },
    });
    const ended = lost.read(lost.assignment).next();
    await settle();
    lost.release();
    expect(await ended).toMatchObject({ done: true });
  });

  test('refuses a start beyond the end', async () => {
    const { read, assignment } = setUp({ bounds: () => ({ first: 0, end: 5 }) });
    await expect(read(assignment, 6).next()).rejects.toMatchObject({ code: 'state-invalid' });
  });

  test('tells what retention removed while it was read, and goes on at the oldest', async () => {
    let first = 0;
    const { accept, read, next, assignment, log } = setUp({ bounds: () => ({ first, end: 60 }) });
    const batch = next(read(assignment));
    await settle();
    first = 50;
    expect(await accept({ from: 50, messages: messages(50, 2), end: 60 })).toBe(true);
    expect(offsetsOf(await batch)).toEqual([50, 51]);
    expect(log.text()).toContain('records were removed by retention');
  });

  test('says nothing of a gap that compaction left', async () => {
    const { accept, read, next, assignment, log } = setUp({ bounds: () => ({ first: 0, end: 60 }) });
    const batch = next(read(assignment));
    await settle();
    await accept({ from: 40, messages: messages(41, 1), end: 60 });
    expect(offsetsOf(await batch)).toEqual([41]);
    expect(log.text()).toBe('');
  });

  test('does not go on in a log that is shorter than what was read of it', async () => {
    let end = 60;
    const { accept, read, next, assignment } = setUp({ committed: 49, bounds: () => ({ first: 0, end }) });
    const batches = read(assignment);
    const batch = next(batches);
    await settle();
    await accept({ from: 50, messages: messages(50, 1), end: 60 });
    await (await batch).ack();
    const after = batches.next();
    await settle();
    end = 2;
    const refused = expect(after).rejects.toMatchObject({ code: 'state-invalid' });
    expect(await accept({ from: 0, messages: messages(0, 2), end: 2 })).toBe(false);
    await refused;
  });
});
