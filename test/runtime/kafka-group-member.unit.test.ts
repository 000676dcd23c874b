import { EventEmitter } from 'node:events';
import kafkajs, { type EachBatchPayload, type Kafka } from 'kafkajs';
import { describe, expect, test } from 'vitest';
import type { Assignment } from '../../runtime/bus/bus.ts';
import { consumeGroup } from '../../runtime/bus/kafka/group-member.ts';
import { createVirtualClock } from '../../runtime/clock.ts';
import { createLog, shortTimes } from './kafka-world.ts';

const { KafkaJSConnectionError, KafkaJSProtocolError } = kafkajs;

const answer = (type: string, retriable = false) =>
  new KafkaJSProtocolError({ type, retriable, message: `says ${type}`, code: 1 } as never);

const settle = async () => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** A member whose kafkajs consumer a test plays: what the broker does is said by `join`, `fetch` and `emit`. */
const setUp = (options: { run?: () => Promise<void> } = {}) => {
  const emitter = new EventEmitter();
  const commits: string[] = [];
  const refusals: (Error | undefined)[] = [];
  let disconnects = 0;
  let eachBatch: ((payload: EachBatchPayload) => Promise<void>) | undefined;
  let retry: { restartOnFailure?: (error: Error) => Promise<boolean> } = {};
  const names = ['GROUP_JOIN', 'HEARTBEAT', 'REBALANCING', 'STOP', 'FETCH_START', 'CRASH'];
  const consumer = {
    events: Object.fromEntries(names.map((name) => [name, name])),
    on: (name: string, listener: (event: unknown) => void) => emitter.on(name, listener),
    connect: async () => {},
    subscribe: async () => {},
    run: async (given: { eachBatch: typeof eachBatch }) => {
      eachBatch = given.eachBatch;
      await options.run?.();
    },
    pause: () => {},
    resume: () => {},
    seek: () => {},
    commitOffsets: async ([place]: readonly { partition: number; offset: string }[]) => {
      const refusal = refusals.shift();
      if (refusal !== undefined) throw refusal;
      commits.push(`${place?.partition} ${place?.offset}`);
    },
    disconnect: async () => {
      disconnects += 1;
      emitter.emit('STOP', {});
    },
  };
  const clock = createVirtualClock(0);
  const stop = new AbortController();
  const leaving: Promise<void>[] = [];
  const assignments = consumeGroup({
    kafka: {
      consumer: (given: { retry: typeof retry }) => {
        retry = given.retry;
        return consumer;
      },
    } as unknown as Kafka,
    offsets: {
      bounds: async () => ({ first: 0, end: 100 }),
      at: async () => 0,
      committed: async () => undefined,
    },
    clock,
    logger: createLog().logger,
    times: shortTimes,
    topic: 't',
    topicName: 'p.t',
    groupId: 'g',
    signal: stop.signal,
    onLeave: (work) => leaving.push(work),
  });
  const next = assignments.next();
  /** The ack of one batch of the partition, asked for once it is there. */
  const handle = async (assignment: Assignment, offset: number) => {
    const batch = assignment.batches()[Symbol.asyncIterator]().next();
    await settle();
    await eachBatch?.({
      batch: {
        partition: assignment.partition,
        fetchedOffset: '0',
        highWatermark: '100',
        messages: [
          { offset: String(offset), key: null, value: Buffer.from('v'), headers: {}, timestamp: '0', attributes: 0 },
        ],
        lastOffset: () => String(offset),
      },
      resolveOffset: () => {},
      pause: () => {},
    } as unknown as EachBatchPayload);
    const { value } = await batch;
    return (value as { ack(): Promise<void> }).ack;
  };
  const first = async (): Promise<Assignment> => {
    await settle();
    emitter.emit('GROUP_JOIN', { payload: { memberId: 'm1', memberAssignment: { 'p.t': [0] } } });
    return (await next).value as Assignment;
  };
  return {
    assignments,
    next,
    first,
    handle,
    commits,
    refusals,
    clock,
    stop,
    leaving,
    emit: (name: string, payload: object = {}) => emitter.emit(name, { payload }),
    join: (memberId: string, partitions: readonly number[]) =>
      emitter.emit('GROUP_JOIN', { payload: { memberId, memberAssignment: { 'p.t': partitions } } }),
    disconnects: () => disconnects,
    wouldRestart: () => retry.restartOnFailure?.(new Error('crash')),
  };
};

describe('a member of a group', () => {
  test.for([
    answer('REBALANCE_IN_PROGRESS'),
    answer('ILLEGAL_GENERATION'),
    answer('UNKNOWN_MEMBER_ID'),
    answer('NOT_COORDINATOR_FOR_GROUP', true),
    new KafkaJSConnectionError('connect ECONNREFUSED'),
  ])('acks again after %s, when the partition is still its own', async (refusal) => {
    const { first, handle, refusals, commits, clock } = setUp();
    const ack = await handle(await first(), 4);
    refusals.push(refusal, refusal);
    const acked = ack();
    for (let n = 0; n < 2; n += 1) {
      await settle();
      clock.advance(500);
    }
    await acked;
    expect(commits).toEqual(['0 5']);
  });

  test('acks after a rebalance that is under way, and not in it', async () => {
    const { first, handle, commits, clock, emit, join } = setUp();
    const assignment = await first();
    const ack = await handle(assignment, 4);
    emit('REBALANCING');
    const acked = ack();
    await settle();
    clock.advance(500);
    await settle();
    expect(commits).toEqual([]);
    join('m1', [0]);
    clock.advance(500);
    await acked;
    expect([commits, assignment.signal.aborted]).toEqual([['0 5'], false]);
  });

  test.for(['another name', 'another partition'])(
    'commits nothing when the group gave it %s meanwhile',
    async (what) => {
      const { first, handle, refusals, commits, join } = setUp();
      const assignment = await first();
      const ack = await handle(assignment, 4);
      refusals.push(answer('UNKNOWN_MEMBER_ID'));
      const acked = ack();
      await settle();
      if (what === 'another name') join('m2', [0]);
      else join('m1', [1]);
      await acked;
      expect([commits, assignment.signal.aborted]).toEqual([[], true]);
    },
  );

  test('fails the ack that the broker does not allow', async () => {
    const { first, handle, refusals } = setUp();
    const ack = await handle(await first(), 4);
    refusals.push(answer('GROUP_AUTHORIZATION_FAILED'));
    await expect(ack()).rejects.toMatchObject({ code: 'bus-unauthorised' });
  });

  test('ends its assignments when kafkajs stops to start over, acks nothing then, and goes on with new ones', async () => {
    const { first, handle, emit, join, assignments, commits } = setUp();
    const assignment = await first();
    const ack = await handle(assignment, 4);
    emit('STOP');
    emit('CRASH', { error: new KafkaJSConnectionError('lost'), restart: true });
    expect(assignment.signal.aborted).toBe(true);
    await ack();
    expect(commits).toEqual([]);
    join('m2', [0, 1]);
    expect((await assignments.next()).value).toMatchObject({ partition: 0 });
    expect((await assignments.next()).value).toMatchObject({ partition: 1 });
  });

  test.for([
    ['a crash that kafkajs does not restart', answer('GROUP_AUTHORIZATION_FAILED'), false, 'bus-unauthorised'],
    ['a topic that is not there any more', answer('UNKNOWN_TOPIC_OR_PARTITION', true), true, 'bus-unavailable'],
  ] as const)('ends with %s', async ([, error, restart, code]) => {
    const { first, emit, assignments, disconnects } = setUp();
    await first();
    const next = assignments.next();
    emit('CRASH', { error, restart });
    await expect(next).rejects.toMatchObject({ code });
    expect(disconnects()).toBeGreaterThan(0);
  });

  test('is not heard of for a session: it gives up what it has, and has it again when the broker answers', async () => {
    const { first, handle, emit, assignments, clock, commits } = setUp();
    const assignment = await first();
    const ack = await handle(assignment, 4);
    clock.advance(shortTimes.sessionTimeoutMs + 1);
    await ack();
    expect([commits, assignment.signal.aborted]).toEqual([[], true]);
    emit('HEARTBEAT');
    const again = (await assignments.next()).value as Assignment;
    expect([again.partition, again.signal.aborted]).toEqual([0, false]);
  });

  test('leaves again when kafkajs joins only after it left, and does not start over', async () => {
    let joins = () => {};
    const world = setUp({
      run: () =>
        new Promise((resolve) => {
          joins = () => {
            world.join('m1', [0]);
            resolve();
          };
        }),
    });
    await settle();
    world.stop.abort();
    await settle();
    expect(world.disconnects()).toBe(1);
    joins();
    await Promise.all(world.leaving);
    expect(world.disconnects()).toBe(2);
    expect(await world.next).toMatchObject({ done: true });
    world.emit('FETCH_START');
    expect(world.disconnects()).toBe(3);
    expect(await world.wouldRestart()).toBe(false);
  });

  test('acks what is being handled while it leaves, for as long as the grace lasts', async () => {
    const { first, handle, stop, leaving, commits, clock, emit, disconnects } = setUp();
    const assignment = await first();
    const ack = await handle(assignment, 4);
    stop.abort();
    emit('FETCH_START');
    await ack();
    expect([commits, assignment.signal.aborted, disconnects()]).toEqual([['0 5'], true, 0]);
    clock.advance(shortTimes.graceMs);
    await Promise.all(leaving);
    expect(disconnects()).toBe(1);
  });
});
