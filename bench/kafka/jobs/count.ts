import { randomUUID } from 'node:crypto';
import { systemLogTopic } from '../../../schemas/topics.ts';
import { collectGarbage, cpuSecondsSince, type Job, type Measured, type Target } from '../job.ts';
import { openClient } from '../place.ts';

const countOne = async ({ place, records }: Target): Promise<Measured> => {
  const consumer = openClient(place).consumer({ groupId: randomUUID(), allowAutoTopicCreation: false });
  await consumer.connect();
  await consumer.subscribe({ topics: [`${place.prefix}${systemLogTopic.name}`], fromBeginning: true });
  collectGarbage();
  const before = process.cpuUsage();
  let counted = 0;
  const measured = await new Promise<Measured>((resolve, reject) => {
    const run = consumer.run({
      eachBatch: async ({ batch }) => {
        counted += batch.messages.length;
        if (counted === records) resolve({ records, cpuSeconds: cpuSecondsSince(before) });
      },
    });
    run.catch(reject);
  });
  await consumer.disconnect();
  return measured;
};

/** What processors are a ratio of: a consumer of kafkajs that only counts. It uses none of Kriver's code. */
export const count = async ({ warmUp, target }: Extract<Job, { name: 'count' }>): Promise<Measured> => {
  await countOne(warmUp);
  return countOne(target);
};
