import { type Bus, orgOfKey } from '../runtime/bus/bus.ts';
import { slugs } from '../schemas/slugs.ts';
import { readingsTopic } from '../schemas/topics.ts';
import { createOrgOverview, type OrgOverview, overviewTopics } from './overview.ts';

/** Of the readings only the last are read: more than the minutes of a day for each indicator of the log. */
const recentReadings = 12_000;

const slugOf = (key: string, org: string): string | undefined =>
  key.startsWith(`${org}/`) ? key.slice(org.length + 1).split('/')[0] : undefined;

/**
 * The offset from which on an org's readings say what is current. A first start, or the first after an outage, reads
 * the log in one go, and then thousands of readings of the log come after the last one of posture: so it is looked
 * further back, to four times as many each time, until every KRI is found.
 */
export const startOfReadings = async (bus: Bus, org: string): Promise<number> => {
  const topic = readingsTopic.name;
  const partition = bus.partitionOf(org);
  const end = await bus.endOffset(topic, partition);
  const missing = new Set<string>(slugs);
  let start = end;
  for (let count = recentReadings; start > 0 && missing.size > 0; count *= 4) {
    const from = Math.max(0, end - count);
    for await (const records of bus.read(topic, partition, from)) {
      for (const { key } of records) missing.delete(slugOf(key, org) ?? '');
      if ((records.at(-1)?.offset ?? start) + 1 >= start) break;
    }
    start = from;
  }
  return start;
};

const startOf = async (bus: Bus, topic: string, org: string): Promise<number> =>
  topic === readingsTopic.name ? startOfReadings(bus, org) : 0;

/** What the topics say of one org at present. */
export const readOverview = async (bus: Bus, org: string): Promise<OrgOverview> => {
  const overview = createOrgOverview();
  const partition = bus.partitionOf(org);
  for (const topic of overviewTopics) {
    for await (const records of bus.read(topic, partition, await startOf(bus, topic, org))) {
      for (const record of records) if (orgOfKey(record.key) === org) overview.fold(topic, record);
    }
  }
  return overview;
};
