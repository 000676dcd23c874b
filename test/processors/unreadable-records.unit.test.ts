import { expect, test } from 'vitest';
import { runProcessors } from '../../processors/run-processors.ts';
import { createMemoryBus } from '../../runtime/bus/memory-bus.ts';
import { createMemoryStateStore } from '../../runtime/memory-state-store.ts';
import { deadLetterSchema } from '../../schemas/dead-letter.ts';
import { deadLettersTopic, readingsTopic, systemLogTopic } from '../../schemas/topics.ts';
import { denyPush, noon } from './events.ts';
import { org, settings } from './given.ts';
import { eventRecord, progressRecord } from './topic-records.ts';

/** What another program with rights on the topics may have put there. */
const foreign = [
  { topic: systemLogTopic.name, org, key: org, value: Buffer.from('no JSON') },
  { topic: systemLogTopic.name, org, key: `${org}/progress`, value: Buffer.from('{"kind":"progress"}') },
];

const fold = async (records: Parameters<ReturnType<typeof createMemoryBus>['publish']>[0]) => {
  const bus = createMemoryBus();
  await bus.publish(records);
  const run = () =>
    runProcessors({
      bus,
      store: createMemoryStateStore(bus),
      orgs: [settings],
      until: 'caught-up',
      signal: new AbortController().signal,
    });
  await run();
  const read = async (topic: string) => {
    const values: unknown[] = [];
    for await (const batch of bus.read(topic, 0, 0))
      values.push(...batch.map(({ value }) => JSON.parse(value.toString())));
    return values;
  };
  return { read, run };
};

test('records that nobody can read go to dead letters, and the readings are those of the others', async () => {
  const good = [eventRecord(denyPush(noon - 1_000)), progressRecord(systemLogTopic.name, noon)];
  const [, junkProgress] = foreign;
  const { read } = await fold([...foreign, ...good, progressRecord(systemLogTopic.name, noon + 60_000)]);
  const letters = (await read(deadLettersTopic.name)).map((value) => deadLetterSchema.parse(value));
  expect(letters.map(({ reason }) => reason)).toEqual([
    expect.stringContaining('not JSON'),
    expect.stringMatching(/no record of this topic: .*offset 1/),
  ]);
  expect(Buffer.from(letters[1]?.bytes ?? '', 'base64')).toEqual(junkProgress?.value);
  expect(letters.every(({ origin, minute }) => origin === systemLogTopic.name && minute === null)).toBe(true);
  const undisturbed = await fold([...good, progressRecord(systemLogTopic.name, noon + 60_000)]);
  const digests = async (of: typeof read) =>
    (await of(readingsTopic.name)).map((value) => {
      const { slug, asOf, digest } = value as { slug?: string; asOf: string; digest?: string };
      return [slug, asOf, digest];
    });
  expect(await digests(read)).toEqual(await digests(undisturbed.read));
});

test('a record that is read again gives the same dead letter', async () => {
  const { read, run } = await fold([...foreign, progressRecord(systemLogTopic.name, noon)]);
  await run();
  const ids = (await read(deadLettersTopic.name)).map((value) => deadLetterSchema.parse(value).id);
  expect(ids).toHaveLength(4);
  expect(new Set(ids).size).toBe(2);
});
