import { type Bus, orgOfKey } from '../runtime/bus/bus.ts';
import { readingsTopic } from '../schemas/topics.ts';
import { createOrgOverview, type OrgOverview, overviewTopics } from './overview.ts';

/** Of the readings only the last are read: more than the minutes of a day for each indicator of the log. */
const recentReadings = 12_000;

const startOf = async (bus: Bus, topic: string, partition: number): Promise<number> =>
  topic === readingsTopic.name ? Math.max(0, (await bus.endOffset(topic, partition)) - recentReadings) : 0;

/** What the topics say of one org at present. */
export const readOverview = async (bus: Bus, org: string): Promise<OrgOverview> => {
  const overview = createOrgOverview();
  const partition = bus.partitionOf(org);
  for (const topic of overviewTopics) {
    for await (const records of bus.read(topic, partition, await startOf(bus, topic, partition))) {
      for (const record of records) if (orgOfKey(record.key) === org) overview.fold(topic, record);
    }
  }
  return overview;
};
