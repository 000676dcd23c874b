import { hashPartition } from '../runtime/bus/hash-partition.ts';
import { readLag } from '../runtime/bus/kafka/lag.ts';
import { createOffsets } from '../runtime/bus/kafka/offsets.ts';
import { createKafkaReader } from '../runtime/bus/kafka/reader.ts';
import type { KafkaSettings } from '../runtime/bus/kafka/settings.ts';
import { askKafka } from './ask-kafka.ts';
import type { Config, OrgConfig } from './config/config.ts';
import type { Context } from './context.ts';
import { type LagAnswer, type LagRow, readersOf } from './queries/lag.ts';
import { requireTopics } from './require-topics.ts';

/** The lag of orgs on the brokers, of whichever processes there are. Throws what keeps the topics from being read. */
export const readKafkaLag = async (options: {
  config: Config;
  settings: KafkaSettings;
  orgs: readonly OrgConfig[];
  context: Context;
}): Promise<readonly LagAnswer[]> => {
  const { config, settings, orgs, context } = options;
  const asking = { settings, logLevel: config.logLevel, context, what: 'The lag cannot be read' };
  return askKafka(asking, async (admin, kafka) => {
    await requireTopics(admin, config, settings);
    const reader = createKafkaReader(kafka, createOffsets(admin, context.clock), context.clock);
    try {
      const asked = orgs.flatMap((org) =>
        readersOf(config, org).map((read) => ({
          ...read,
          org: org.name,
          partition: hashPartition(org.name, settings.partitions),
        })),
      );
      const lags = await readLag({
        admin,
        prefix: settings.topic_prefix,
        subjects: asked,
        appendedAt: reader.appendedAt,
        now: context.clock.now(),
      });
      const rows = asked.map(({ org, ...read }, index): { org: string; row: LagRow } => ({
        org,
        row: {
          ...read,
          lag: lags[index]?.offsets ?? 0,
          behindMs: lags[index]?.behindMs ?? null,
          owner: lags[index]?.owner ?? null,
        },
      }));
      return orgs.map(({ name }) => ({
        org: name,
        stages: rows.filter(({ org }) => org === name).map(({ row }) => row),
      }));
    } finally {
      await reader.close();
    }
  });
};
