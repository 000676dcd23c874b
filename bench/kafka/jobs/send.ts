import kafkajs from 'kafkajs';
import type { OutgoingRecord } from '../../../runtime/bus/bus.ts';
import { hashPartition } from '../../../runtime/bus/hash-partition.ts';
import { toMessage } from '../../../runtime/bus/kafka/message.ts';
import { splitByBytes } from '../../../runtime/bus/kafka/split-by-bytes.ts';
import { fileEvents } from '../fill.ts';
import { collectGarbage, cpuSecondsSince, type Measured, type Sending } from '../job.ts';
import { createToRecords, toPages } from '../pages.ts';
import { openClient, type Place, schemaIds } from '../place.ts';

const { CompressionTypes, Partitioners } = kafkajs;

/** As Kriver's producer cuts: one record batch holds no more. */
const maxBatchBytes = 900_000;
const partitions = 12;
/** Few, so that what is made ready does not make the heap large; not one, since a forced collection before each is felt. */
const batchesAtOnce = 60;

const toBatches = ({ prefix }: Place, records: readonly OutgoingRecord[]) =>
  splitByBytes(
    records.map((record) => ({ record, message: toMessage(record, schemaIds.get(record.topic)) })),
    ({ message }) => message.bytes,
    maxBatchBytes,
  ).map((run) => ({
    topic: `${prefix}${run[0]?.record.topic ?? ''}`,
    messages: run.map(({ record, message: { key, value, headers } }) => ({
      key,
      value,
      headers,
      partition: hashPartition(record.org, partitions),
    })),
  }));

const sendFile = async (place: Place, file: string): Promise<Measured> => {
  const producer = openClient(place).producer({
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  const toRecords = createToRecords();
  let cpuSeconds = 0;
  let records = 0;
  let ready: ReturnType<typeof toBatches> = [];
  const sendReady = async (): Promise<void> => {
    collectGarbage();
    const before = process.cpuUsage();
    for (const batch of ready) {
      await producer.sendBatch({ topicMessages: [batch], acks: -1, compression: CompressionTypes.GZIP });
      records += batch.messages.length;
    }
    cpuSeconds += cpuSecondsSince(before);
    ready = [];
  };
  for await (const page of toPages(fileEvents(file), place.orgs)) {
    const made = toRecords(page);
    ready.push(...toBatches(place, made.records), ...toBatches(place, [made.progress]));
    if (ready.length >= batchesAtOnce) await sendReady();
  }
  await sendReady();
  await producer.disconnect();
  return { records, cpuSeconds };
};

/**
 * What ingest is a ratio of: a producer of kafkajs that sends what was made ready before, in the same batches. Some
 * pages at a time are made ready outside of what is measured, so that no large heap makes the collector slow.
 */
export const send = async ({ place, warmUpFile, file }: Sending): Promise<Measured> => {
  await sendFile(place, warmUpFile);
  return sendFile(place, file);
};
