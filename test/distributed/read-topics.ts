import type { Kafka } from 'kafkajs';
import type { Bus, BusRecord } from '../../runtime/bus/bus.ts';
import { withAdmin } from '../../runtime/bus/kafka/admin.ts';
import { readLag } from '../../runtime/bus/kafka/lag.ts';
import { systemClock } from '../../runtime/clock.ts';

export const readPartition = async (bus: Bus, topic: string, partition: number): Promise<BusRecord[]> => {
  const all: BusRecord[] = [];
  for await (const records of bus.read(topic, partition, 0)) all.push(...records);
  return all;
};

export const partitionsOf = (bus: Bus): readonly number[] => Array.from({ length: bus.partitions }, (_, i) => i);

/** Every record of a topic, partition by partition. */
export const readTopic = async (bus: Bus, topic: string): Promise<BusRecord[]> =>
  (await Promise.all(partitionsOf(bus).map((partition) => readPartition(bus, topic, partition)))).flat();

const askAgainMs = 200;

/** Asks until the answer is yes; what is waited for is another process's or the broker's doing. */
export const until = async (what: string, limitMs: number, isDone: () => Promise<boolean>): Promise<void> => {
  const endMs = systemClock.now() + limitMs;
  while (!(await isDone())) {
    if (systemClock.now() > endMs) throw new Error(`not within ${limitMs / 1000} s: ${what}`);
    await systemClock.sleep(askAgainMs);
  }
};

/** Resolves when a group has acked all that the topics held at the last look. */
export const untilAcked = (bus: Bus, group: string, topics: readonly string[], limitMs = 60_000): Promise<void> =>
  until(`${group} has acked everything`, limitMs, async () => {
    const places = topics.flatMap((topic) => partitionsOf(bus).map((partition) => ({ topic, partition })));
    const behind = await Promise.all(
      places.map(async ({ topic, partition }) => {
        const end = await bus.endOffset(topic, partition);
        return end > 0 && ((await bus.committed(topic, partition, group)) ?? -1) + 1 < end;
      }),
    );
    return !behind.includes(true);
  });

/** How many members have partitions of a topic, when each partition has one; 0 while the group rearranges itself. */
export const countOwners = (
  { bus, kafka }: { readonly bus: Bus; readonly kafka: Kafka },
  { prefix, group, topic }: { readonly prefix: string; readonly group: string; readonly topic: string },
): Promise<number> =>
  withAdmin({ kafka, clock: systemClock, what: 'no owners' }, async (admin) => {
    const subjects = partitionsOf(bus).map((partition) => ({ group, topic, partition }));
    const lags = await readLag({ admin, prefix, subjects, appendedAt: async () => undefined, now: systemClock.now() });
    const owners = lags.map(({ owner }) => owner?.member);
    return owners.includes(undefined) ? 0 : new Set(owners).size;
  });
