import type { Bus } from '../runtime/bus/bus.ts';
import { dayMs } from '../schemas/time.ts';

/** How much log a sink reads again after an unclean stop: more than a store may keep unwritten in the system's memory. */
export const defaultRewindMs = 15 * 60_000;

const longestSearchMs = 90 * dayMs;
const precisionMs = 1_000;

/**
 * The offset to read a partition from after an unclean stop: `rewindMs` of log before the last record that the group
 * acked. Undefined when it never acked, so that it starts where it would.
 *
 * The bus knows no append time of a record, only the first offset since a moment, so the moment is found by halving. To
 * count from now instead would rewind nothing after an outage that was longer than `rewindMs`.
 */
export const rewindOffset = async (options: {
  bus: Bus;
  topic: string;
  partition: number;
  group: string;
  rewindMs: number;
  now: number;
}): Promise<number | undefined> => {
  const { bus, topic, partition, group, rewindMs, now } = options;
  const committed = await bus.committed(topic, partition, group);
  if (committed === undefined) return undefined;
  let before = now - longestSearchMs;
  let after = now;
  while (after - before > precisionMs) {
    const middle = before + Math.floor((after - before) / 2);
    if ((await bus.offsetAt(topic, partition, middle)) > committed) after = middle;
    else before = middle;
  }
  return Math.min(committed + 1, await bus.offsetAt(topic, partition, before - rewindMs));
};
