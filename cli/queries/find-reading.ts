import type { Bus } from '../../runtime/bus/bus.ts';
import { type Reading, readingSchema } from '../../schemas/reading.ts';
import type { Slug } from '../../schemas/slugs.ts';
import { dayMs, toTimestamp } from '../../schemas/time.ts';
import { readingsTopic } from '../../schemas/topics.ts';

/** How long before T a reading may have been appended at the earliest: clocks disagree, and minutes may lack one. */
const slackMs = 2 * dayMs;

/** Of the newest only so many records are looked through at first: more than the readings of a day. */
const recentRecords = 12_000;

const newestIn = async (
  bus: Bus,
  wanted: { readonly org: string; readonly slug: Slug; readonly latest: string },
  from: number,
): Promise<Reading | undefined> => {
  const { org, slug, latest } = wanted;
  const prefix = `${org}/${slug}/`;
  let found: Reading | undefined;
  for await (const records of bus.read(readingsTopic.name, bus.partitionOf(org), from)) {
    for (const { key, value } of records) {
      if (!key.startsWith(prefix)) continue;
      const asOf = key.slice(prefix.length);
      if (asOf > latest || (found !== undefined && asOf < found.asOf)) continue;
      const reading = readingSchema.parse(JSON.parse(value.toString('utf8')));
      if (found !== undefined && asOf === found.asOf && BigInt(reading.version) <= BigInt(found.version)) continue;
      found = reading;
    }
  }
  return found;
};

/** The newest reading of a KRI at or before a moment, in its highest version; undefined when the topic has none. */
export const findReading = async (
  bus: Bus,
  wanted: { readonly org: string; readonly slug: Slug; readonly atMs: number | undefined },
): Promise<Reading | undefined> => {
  const { org, slug, atMs } = wanted;
  const partition = bus.partitionOf(org);
  const topic = readingsTopic.name;
  const likely =
    atMs === undefined
      ? Math.max(0, (await bus.endOffset(topic, partition)) - recentRecords)
      : await bus.offsetAt(topic, partition, atMs - slackMs);
  const query = { org, slug, latest: atMs === undefined ? '9' : toTimestamp(atMs) };
  return (await newestIn(bus, query, likely)) ?? (likely === 0 ? undefined : newestIn(bus, query, 0));
};
