import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, type TestContext, test } from 'vitest';
import { systemClock } from '../../runtime/clock.ts';
import { orSkip, sharedKafka } from '../engines/shared.ts';
import { createKafkaWorld, type KafkaWorld, noise, runMember, shortTimes, topic } from './kafka-world.ts';

const shared = await sharedKafka();
const child = fileURLToPath(new URL('./kafka-member-child.ts', import.meta.url));
const patience = { timeout: 20_000, interval: 20 };

/** A world on the shared broker that closes with the test. */
const open = async (context: TestContext, partitions = 6): Promise<KafkaWorld> => {
  const world = await createKafkaWorld({ brokers: orSkip(shared, context.skip).brokers, partitions });
  context.onTestFinished(world.close);
  return world;
};

/** The member of kafka-member-child.ts, with what it reported. It ends with the test. */
const startChild = (context: TestContext, world: KafkaWorld) => {
  const { brokers } = orSkip(shared, context.skip);
  const args = ['--import', 'tsx', child, brokers[0] ?? '', world.topicPrefix, 'g'];
  const running = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  context.onTestFinished(async () => {
    running.kill('SIGKILL');
    if (running.exitCode === null && running.signalCode === null) await once(running, 'exit');
  });
  const lines: string[] = [];
  createInterface({ input: running.stdout }).on('line', (line) => lines.push(line));
  return { running, lines };
};

const all = (partitions: number) => Array.from({ length: partitions }, (_, partition) => partition);

test('members share evenly; when one joins or leaves few partitions move, at once, and the others go on', async (context) => {
  const { openBus, publish } = await open(context, 12);
  const members = [runMember(await openBus(), 'g')];
  const held = () => members.map((member) => member.partitions());
  const counts = () => held().map(({ length }) => length);
  const living = () => members.flatMap(({ assignments }) => assignments).filter(({ signal }) => !signal.aborted);
  const seen = () => members.flatMap((member) => member.seen);
  const publishAll = (name: string) =>
    Promise.all(all(12).map((partition) => publish(partition, `${name}${partition}`)));

  await expect.poll(counts, patience).toEqual([12]);
  members.push(runMember(await openBus(), 'g'));
  await expect.poll(counts, patience).toEqual([6, 6]);
  await publishAll('a');
  await expect.poll(() => seen().length, patience).toBe(12);

  const before = living();
  members.push(runMember(await openBus(), 'g'));
  await expect.poll(counts, patience).toEqual([4, 4, 4]);
  expect(before.filter(({ signal }) => !signal.aborted).length).toBeGreaterThanOrEqual(5);

  const third = living();
  const leftAt = systemClock.now();
  const leaver = members[1];
  await leaver?.stop();
  await expect.poll(counts, patience).toEqual([6, 0, 6]);
  expect(systemClock.now() - leftAt).toBeLessThan(shortTimes.sessionTimeoutMs);
  const stayed = third.filter(({ signal }) => !signal.aborted);
  expect(stayed.length).toBeGreaterThanOrEqual(4);

  await publishAll('b');
  await expect.poll(() => new Set(seen()).size, patience).toBe(24);
  // What was handled by one member was acked, so that the next one did not get it again; and who stayed read on.
  expect(seen()).toHaveLength(24);
  for (const { signal } of stayed) expect(signal.aborted).toBe(false);
  await Promise.all(members.map((member) => member.stop()));
});

test('a handler that takes longer than the session keeps its partition, and its ack counts', async (context) => {
  const { bus, publish } = await open(context, 1);
  await publish(0, 'slow');
  let handled = 0;
  const member = runMember(bus, 'g', {
    handle: async () => {
      handled += 1;
      await systemClock.sleep(shortTimes.sessionTimeoutMs * 1.5);
    },
  });
  await expect.poll(() => member.seen, patience).toEqual(['slow']);
  await expect.poll(() => bus.committed(topic, 0, 'g'), patience).toBe(0);
  expect([handled, member.assignments.length]).toEqual([1, 1]);
  await member.stop();
});

test('a process that stands still for longer than the session loses its partition and its late ack; then it works again', async (context) => {
  const world = await open(context, 1);
  const { bus, publish } = world;
  const { running, lines } = startChild(context, world);
  await publish(0, 'a');
  await expect.poll(() => lines, patience).toEqual(['has 0', 'sees a']);
  running.kill('SIGSTOP');
  const other = runMember(bus, 'g');
  await expect.poll(() => other.seen, patience).toEqual(['a']);
  await publish(0, 'b');
  await expect.poll(() => other.seen, patience).toEqual(['a', 'b']);
  await expect.poll(() => bus.committed(topic, 0, 'g'), patience).toBe(1);

  running.stdin.write('ack\n');
  running.kill('SIGCONT');
  await expect.poll(() => lines.includes('lost 0'), patience).toBe(true);
  await expect.poll(() => lines.some((line) => line.startsWith('acked a')), patience).toBe(true);
  expect(await bus.committed(topic, 0, 'g')).toBe(1);
  await other.stop();
  await publish(0, 'c');
  await expect.poll(() => lines.at(-1), patience).toMatch(/^acked c /);
  expect(lines.filter((line) => line.startsWith('sees'))).toEqual(['sees a', 'sees c']);
  expect(await bus.committed(topic, 0, 'g')).toBe(2);
});

test('a group that the broker does not let in ends the consumption with the reason', async (context) => {
  const { brokers } = orSkip(shared, context.skip);
  // Longer than brokers allow.
  const times = { ...shortTimes, sessionTimeoutMs: 3_600_000 };
  const { bus, close } = await createKafkaWorld({ brokers, partitions: 1, times });
  context.onTestFinished(close);
  const member = runMember(bus, 'g');
  expect(await member.failure).toMatchObject({
    code: 'bus-unavailable',
    message: expect.stringMatching(/session timeout/),
  });
  await member.stop();
});

test('an ack while the group rebalances is kept when the partition stays, and lost with it when it goes', async (context) => {
  const { bus, openBus, publish } = await open(context, 2);
  await Promise.all([publish(0, 'a0'), publish(1, 'a1')]);
  let go = () => {};
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  const one = runMember(bus, 'g', { handle: () => gate });
  await expect.poll(one.partitions, patience).toEqual([0, 1]);
  const two = runMember(await openBus(), 'g');
  // Acks at every moment of the rebalance: kafkajs learns of it by a heartbeat, the broker answers a commit meanwhile.
  go();
  await expect.poll(() => [...one.seen, ...two.seen].sort(), patience).toEqual(expect.arrayContaining(['a0', 'a1']));
  await expect.poll(() => [one.partitions().length, two.partitions().length], patience).toEqual([1, 1]);
  for (let n = 0; n < 20; n += 1) await Promise.all([publish(0, `b${n}`), publish(1, `c${n}`)]);
  await expect.poll(() => new Set([...one.seen, ...two.seen]).size, patience).toBe(42);
  await expect
    .poll(() => Promise.all([bus.committed(topic, 0, 'g'), bus.committed(topic, 1, 'g')]), patience)
    .toEqual([20, 20]);
  await Promise.all([one.stop(), two.stop()]);
});

test('a consumer that is stopped while it joins is gone, and keeps nothing from the next', async (context) => {
  const { openBus } = await open(context, 2);
  const first = runMember(await openBus(), 'g');
  await systemClock.sleep(0);
  await first.stop();
  const second = runMember(await openBus(), 'g');
  await expect.poll(second.partitions, { timeout: 4_000, interval: 20 }).toEqual([0, 1]);
  const third = runMember(await openBus(), 'g');
  await third.stop();
  await expect.poll(second.partitions, { timeout: 4_000, interval: 20 }).toEqual([0, 1]);
  await second.stop();
});

test('what retention removed before it was read is told, and reading starts at the oldest record', async (context) => {
  const { bus, admin, topicName, publish, log } = await open(context, 1);
  await publish(0, 'zero', 'one', 'two', 'three');
  await admin.fetchTopicOffsets(topicName);
  await admin.deleteTopicRecords({ topic: topicName, partitions: [{ partition: 0, offset: '2' }] });
  const member = runMember(bus, 'g', { from: () => 1 });
  await expect.poll(() => member.seen, patience).toEqual(['two', 'three']);
  expect(log.text()).toContain('records were removed by retention before they were read');
  await member.stop();
});

test('what retention removes while a consumer falls behind is told, and reading goes on at the oldest record', async (context) => {
  const { bus, admin, topicName, publish, log } = await open(context, 1);
  const large = noise(600_000).toString('base64');
  let isHandling = false;
  let go = () => {};
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  await publish(0, 'first');
  const handle = () => {
    isHandling = true;
    return gate;
  };
  const member = runMember(bus, 'g', { handle });
  await expect.poll(() => isHandling, patience).toBe(true);
  // More than is fetched ahead of a handler.
  for (let n = 0; n < 20; n += 1) await publish(0, `${n}${large}`);
  await publish(0, 'last');
  await admin.fetchTopicOffsets(topicName);
  await admin.deleteTopicRecords({ topic: topicName, partitions: [{ partition: 0, offset: '21' }] });
  go();
  await expect.poll(() => member.seen.at(-1), patience).toBe('last');
  expect(member.seen.length).toBeLessThan(22);
  expect(log.text()).toContain('records were removed by retention before they were read');
  await member.stop();
});

test('a topic that is deleted while it is consumed and published to ends both, and says which command helps', async (context) => {
  const { bus, admin, topicName, publish } = await open(context, 2);
  await publish(0, 'before');
  const member = runMember(bus, 'g');
  await expect.poll(() => member.seen, patience).toEqual(['before']);
  await admin.deleteTopics({ topics: [topicName] });
  const missing = { code: 'bus-unavailable', hint: expect.stringContaining('kriver topics') };
  expect(await member.failure).toMatchObject(missing);
  await expect(publish(0, 'after')).rejects.toMatchObject(missing);
  await member.stop();
});

test('a topic that is made anew under a consumer is not read as if it were the old one', async (context) => {
  const { bus, admin, topicName, publish, createTopic } = await open(context, 1);
  await publish(0, 'a', 'b', 'c');
  const member = runMember(bus, 'g');
  await expect.poll(() => member.seen, patience).toEqual(['a', 'b', 'c']);
  await admin.deleteTopics({ topics: [topicName] });
  await expect
    .poll(
      () =>
        createTopic().then(
          () => true,
          () => false,
        ),
      patience,
    )
    .toBe(true);
  await publish(0, 'new');
  expect(await member.failure).toMatchObject({ code: 'state-invalid' });
  expect(member.seen).toEqual(['a', 'b', 'c']);
  await member.stop();
});
