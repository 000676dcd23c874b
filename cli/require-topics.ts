import type { Admin } from 'kafkajs';
import type { KafkaSettings } from '../runtime/bus/kafka/settings.ts';
import { findTopicError, toTopicSpecs } from '../runtime/bus/kafka/topic-spec.ts';
import { checkTopics } from '../runtime/bus/kafka/topics.ts';
import type { Config } from './config/config.ts';
import { toRetainedTopics } from './retained-topics.ts';

/** Throws where topics are missing or have other partitions: records would be lost or misplaced. */
export const requireTopics = async (admin: Admin, config: Config, settings: KafkaSettings): Promise<void> => {
  const unusable = findTopicError(await checkTopics(admin, toTopicSpecs(toRetainedTopics(config), settings)));
  if (unusable !== undefined) throw unusable;
};
