import type { Topic } from '../schemas/topic.ts';
import { deadLettersTopic, readingsTopic, systemLogTopic, topics } from '../schemas/topics.ts';
import type { Config } from './config/config.ts';

/** All topics with the days that the configuration gives them, else those of their declaration. */
export const toRetainedTopics = ({ retention }: Config): readonly Pick<Topic, 'name' | 'retention'>[] => {
  const configured: Readonly<Record<string, number>> = {
    [systemLogTopic.name]: retention.log_days,
    [readingsTopic.name]: retention.readings_days,
    [deadLettersTopic.name]: retention.dead_letters_days,
  };
  return topics.map((topic) => ({
    name: topic.name,
    retention: { ...topic.retention, days: configured[topic.name] ?? topic.retention.days },
  }));
};
