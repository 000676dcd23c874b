import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Assignment, Batch, Bus, BusRecord, OutgoingRecord } from '../../runtime/bus/bus.ts';

/** What an adapter provides for its run of the contract. The orgs `acme` and `umbrella` must be known to it. */
export interface BusUnderTest {
  readonly bus: Bus;
  /** Moves the clock that stamps appended records, or waits that long. */
  passTime(durationMs: number): Promise<void>;
  now(): number;
  /** Closes the bus and opens it again over what it stored; missing where nothing is stored. */
  reopen?(): Promise<Bus>;
  close(): Promise<void>;
}

const topic = 'contract.topic';
const org = 'acme';

const recordOf = (value: string, key = org): OutgoingRecord => ({ topic, org, key, value: Buffer.from(value) });
const numbered = (count: number, start = 0) => Array.from({ length: count }, (_, i) => recordOf(`value ${start + i}`));
const textOf = (records: readonly BusRecord[]) => records.map(({ value }) => value.toString());

const readAll = async (bus: Bus, partition: number, from = 0, of = topic): Promise<BusRecord[]> => {
  const all: BusRecord[] = [];
  for await (const records of bus.read(of, partition, from)) all.push(...records);
  return all;
};

/** A member of a group that a test drives by hand. Stops with the test at the latest. */
const openMembers: AbortController[] = [];
const join = (bus: Bus, group: string) => {
  const stop = new AbortController();
  openMembers.push(stop);
  const assignments = bus.consume({ topic, group, signal: stop.signal })[Symbol.asyncIterator]();
  const assigned = async (): Promise<Assignment> => {
    const next = await assignments.next();
    if (next.done === true) throw new Error('no assignment came');
    return next.value;
  };
  /** The assignment of one partition, whichever order they come in. */
  const assignedTo = async (partition: number): Promise<Assignment> => {
    for (;;) {
      const assignment = await assigned();
      if (assignment.partition === partition) return assignment;
    }
  };
  return { stop: () => stop.abort(), assignments, assignedTo };
};

const batchesOf = (assignment: Assignment, options?: { from?: number }) => {
  const batches = assignment.batches(options)[Symbol.asyncIterator]();
  return {
    ended: async () => (await batches.next()).done,
    next: async (): Promise<Batch> => {
      const { value, done } = await batches.next();
      if (done === true) throw new Error('the batches ended');
      return value;
    },
  };
};

/** Whether a promise is still open after everything that is already due has run. */
const isPending = async (promise: Promise<unknown>): Promise<boolean> => {
  let pending = true;
  const settle = () => {
    pending = false;
  };
  promise.then(settle, settle);
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  return pending;
};

/**
 * The promises of runtime/bus/bus.ts, checked through the port alone, so that they hold for every adapter. One that keeps
 * everything in memory promises nothing beyond its own life (`outlivesRestart: false`).
 */
export const busContract = (
  name: string,
  create: () => Promise<BusUnderTest>,
  { outlivesRestart } = { outlivesRestart: true },
): void => {
  describe(`${name} keeps the contract of a bus`, () => {
    let under: BusUnderTest;
    let bus: Bus;
    let partition: number;
    beforeEach(async () => {
      under = await create();
      bus = under.bus;
      partition = bus.partitionOf(org);
    });
    afterEach(async () => {
      for (const member of openMembers.splice(0)) member.abort();
      await under.close();
    });

    test('a published record comes back byte for byte, with its key and headers', async () => {
      const value = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
      await bus.publish([{ topic, org, key: 'acme/ключ', value, headers: { facts: '{"v":1}', 'x-ö': 'ü' } }]);
      const [record] = await readAll(bus, partition);
      expect(record?.key).toBe('acme/ключ');
      expect(record?.value.equals(value)).toBe(true);
      expect(record?.headers).toEqual({ facts: '{"v":1}', 'x-ö': 'ü' });
    });

    test('empty values and values of 1 MB come back as they were', async () => {
      const large = Buffer.alloc(2 ** 20, 'largest');
      await bus.publish([recordOf(''), { ...recordOf(''), value: large }, recordOf('after')]);
      const records = await readAll(bus, partition);
      expect(records.map(({ value }) => value.length)).toEqual([0, 2 ** 20, 5]);
      expect(records[1]?.value.equals(large)).toBe(true);
    });

    test('an empty publish appends nothing', async () => {
      await bus.publish([]);
      expect(await bus.endOffset(topic, partition)).toBe(0);
    });

    test('a record that the producer changes afterwards stays as it was published', async () => {
      const value = Buffer.from('before');
      await bus.publish([{ ...recordOf(''), value }]);
      value.fill('x');
      expect(textOf(await readAll(bus, partition))).toEqual(['before']);
    });

    test('offsets rise from 0 and the end offset is that of the next record', async () => {
      await bus.publish(numbered(3));
      await bus.publish(numbered(2, 3));
      const records = await readAll(bus, partition);
      expect(records[0]?.offset).toBe(0);
      for (const [i, { offset }] of records.entries())
        if (i > 0) expect(offset).toBeGreaterThan(records[i - 1]?.offset ?? -1);
      expect(await bus.endOffset(topic, partition)).toBe((records.at(-1)?.offset ?? -1) + 1);
    });

    test('publishes that are not awaited keep the order of their calls', async () => {
      await Promise.all([...Array(50).keys()].map((i) => bus.publish(numbered(2, 2 * i))));
      expect(textOf(await readAll(bus, partition))).toEqual(numbered(100).map(({ value }) => value.toString()));
    });

    test('a partition holds the records of its orgs, whichever others a publish contains', async () => {
      const other: OutgoingRecord = { ...recordOf('other'), org: 'umbrella', key: 'umbrella' };
      await bus.publish([recordOf('a'), other, { ...recordOf('elsewhere'), topic: 'contract.other' }, recordOf('b')]);
      expect(textOf(await readAll(bus, partition)).filter((text) => text !== 'other')).toEqual(['a', 'b']);
      expect(textOf(await readAll(bus, bus.partitionOf('umbrella')))).toContain('other');
      expect(textOf(await readAll(bus, partition, 0, 'contract.other'))).toEqual(['elsewhere']);
    });

    test('1,200 records of one publish arrive in order, in batches of at most 500', async () => {
      await bus.publish(numbered(1_200));
      const batches = batchesOf(await join(bus, 'g').assignedTo(partition));
      const seen: BusRecord[] = [];
      while (seen.length < 1_200) {
        const batch = await batches.next();
        expect(batch.records.length).toBeGreaterThan(0);
        expect(batch.records.length).toBeLessThanOrEqual(500);
        seen.push(...batch.records);
        await batch.ack();
      }
      expect(textOf(seen)).toEqual(numbered(1_200).map(({ value }) => value.toString()));
    });

    test('a batch tells the end of the partition, so that a consumer knows when it has caught up', async () => {
      await bus.publish(numbered(700));
      const batches = batchesOf(await join(bus, 'g').assignedTo(partition));
      for (let left = 700; left > 0; ) {
        const batch = await batches.next();
        left -= batch.records.length;
        expect(batch.endOffset).toBe(700);
        await batch.ack();
      }
    });

    test('the next batch waits for the ack of the last', async () => {
      await bus.publish(numbered(600));
      const batches = batchesOf(await join(bus, 'g').assignedTo(partition));
      const first = await batches.next();
      const second = batches.next();
      expect(await isPending(second)).toBe(true);
      await first.ack();
      expect((await second).records[0]?.offset).toBe((first.records.at(-1)?.offset ?? 0) + 1);
    });

    test('a consumer at the end is handed what is published later', async () => {
      const batches = batchesOf(await join(bus, 'g').assignedTo(partition));
      for (const value of ['one', 'two', 'three']) {
        const next = batches.next();
        expect(await isPending(next)).toBe(true);
        await bus.publish([recordOf(value)]);
        const batch = await next;
        expect(textOf(batch.records)).toEqual([value]);
        await batch.ack();
      }
    });

    test('what was not acked is delivered again to the next member of the group', async () => {
      await bus.publish(numbered(10));
      const first = join(bus, 'g');
      const unacked = await batchesOf(await first.assignedTo(partition)).next();
      first.stop();
      const again = await batchesOf(await join(bus, 'g').assignedTo(partition)).next();
      expect(again.records.map(({ offset }) => offset)).toEqual(unacked.records.map(({ offset }) => offset));
    });

    test('what was acked is not delivered again', async () => {
      await bus.publish(numbered(10));
      const first = join(bus, 'g');
      await (await batchesOf(await first.assignedTo(partition)).next()).ack();
      first.stop();
      await bus.publish([recordOf('new')]);
      expect(await bus.committed(topic, partition, 'g')).toBe(9);
      expect(textOf((await batchesOf(await join(bus, 'g').assignedTo(partition)).next()).records)).toEqual(['new']);
    });

    test('groups do not see one another’s acks', async () => {
      await bus.publish(numbered(3));
      await (await batchesOf(await join(bus, 'one').assignedTo(partition)).next()).ack();
      expect(await bus.committed(topic, partition, 'two')).toBeUndefined();
      expect((await batchesOf(await join(bus, 'two').assignedTo(partition)).next()).records).toHaveLength(3);
    });

    test('one member of a group at a time has a partition; the next one gets it when that one stops', async () => {
      const first = join(bus, 'g');
      const held = await first.assignedTo(partition);
      const taken = join(bus, 'g').assignedTo(partition);
      expect(await isPending(taken)).toBe(true);
      first.stop();
      expect((await taken).partition).toBe(partition);
      expect(held.signal.aborted).toBe(true);
    });

    test('an ack that comes after another member took over does not move the offset', async () => {
      await bus.publish(numbered(600));
      const first = join(bus, 'g');
      const late = await batchesOf(await first.assignedTo(partition)).next();
      first.stop();
      const batches = batchesOf(await join(bus, 'g').assignedTo(partition));
      await (await batches.next()).ack();
      await (await batches.next()).ack();
      await late.ack().catch(() => {});
      expect(await bus.committed(topic, partition, 'g')).toBe(599);
    });

    test('the signal ends assignments and batches, also of a consumer that waits at the end', async () => {
      const member = join(bus, 'g');
      const assignment = await member.assignedTo(partition);
      const waiting = batchesOf(assignment).ended();
      expect(await isPending(waiting)).toBe(true);
      member.stop();
      expect(await waiting).toBe(true);
      expect(assignment.signal.aborted).toBe(true);
      for (;;) if ((await member.assignments.next()).done === true) break;
    });

    test('the signal ends the batches of a consumer that has not acked', async () => {
      await bus.publish(numbered(600));
      const member = join(bus, 'g');
      const batches = batchesOf(await member.assignedTo(partition));
      await batches.next();
      const next = batches.ended();
      member.stop();
      expect(await next).toBe(true);
    });

    test('a consumer that leaves the loop of assignments gives its partitions back', async () => {
      const member = join(bus, 'g');
      const held = await member.assignedTo(partition);
      await member.assignments.return?.();
      expect(held.signal.aborted).toBe(true);
      expect((await join(bus, 'g').assignedTo(partition)).partition).toBe(partition);
    });

    test('batches begin at the asked offset, whatever was acked', async () => {
      await bus.publish(numbered(10));
      const first = join(bus, 'g');
      await (await batchesOf(await first.assignedTo(partition)).next()).ack();
      first.stop();
      const batch = await batchesOf(await join(bus, 'g').assignedTo(partition), { from: 7 }).next();
      expect(batch.records.map(({ offset }) => offset)).toEqual([7, 8, 9]);
    });

    test('an offset beyond the end of the log is refused', async () => {
      await bus.publish(numbered(3));
      const atEnd = batchesOf(await join(bus, 'at end').assignedTo(partition), { from: 3 }).next();
      expect(await isPending(atEnd)).toBe(true);
      const beyond = batchesOf(await join(bus, 'beyond').assignedTo(partition), { from: 4 }).next();
      await expect(beyond).rejects.toMatchObject({ code: 'state-invalid' });
      await bus.publish([recordOf('')]);
      await atEnd;
    });

    test('reading goes up to the end at the time of the call, from any offset, and moves no group', async () => {
      await bus.publish(numbered(1_000));
      let read = 0;
      for await (const records of bus.read(topic, partition, 10)) {
        if (read === 0) await bus.publish(numbered(5, 1_000));
        expect(records[0]?.offset).toBe(10 + read);
        read += records.length;
      }
      expect(read).toBe(990);
      expect(await readAll(bus, partition, 1_005)).toEqual([]);
      expect(await bus.committed(topic, partition, 'g')).toBeUndefined();
    });

    test('a partition without records is empty, not an error', async () => {
      expect(await bus.endOffset('contract.empty', partition)).toBe(0);
      expect(await bus.offsetAt('contract.empty', partition, under.now())).toBe(0);
      expect(await readAll(bus, partition, 0, 'contract.empty')).toEqual([]);
    });

    test('the offset at a moment is the first one appended then or later', async () => {
      const moments: number[] = [];
      for (let i = 0; i < 5; i += 1) {
        await under.passTime(1_000);
        moments.push(under.now());
        await bus.publish(numbered(3, 3 * i));
      }
      for (const [i, moment] of moments.entries()) expect(await bus.offsetAt(topic, partition, moment)).toBe(3 * i);
      expect(await bus.offsetAt(topic, partition, 0)).toBe(0);
      expect(await bus.offsetAt(topic, partition, under.now() + 60_000)).toBe(15);
    });

    test('a bus that is closed ends its consumers', async () => {
      const member = join(bus, 'g');
      const waiting = batchesOf(await member.assignedTo(partition)).ended();
      await bus.close();
      expect(await waiting).toBe(true);
    });

    if (!outlivesRestart) return;

    test('records, acks and partitions outlive a restart', async () => {
      if (under.reopen === undefined) throw new Error('The test gives no way to open this adapter again.');
      await bus.publish(numbered(600));
      const batch = await batchesOf(await join(bus, 'g').assignedTo(partition)).next();
      await batch.ack();
      const reopened = await under.reopen();
      expect(reopened.partitionOf(org)).toBe(partition);
      expect(textOf(await readAll(reopened, partition))).toEqual(numbered(600).map(({ value }) => value.toString()));
      const next = await batchesOf(await join(reopened, 'g').assignedTo(partition)).next();
      expect(next.records[0]?.offset).toBe((batch.records.at(-1)?.offset ?? 0) + 1);
      await reopened.publish([recordOf('later')]);
      expect(await reopened.endOffset(topic, partition)).toBe(601);
    });
  });
};
