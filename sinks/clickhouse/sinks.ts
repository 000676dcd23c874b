import type { ClickHouseClient } from '@clickhouse/client';
import {
  deadLettersTopic,
  policySnapshotsTopic,
  readingsTopic,
  runsTopic,
  systemLogTopic,
  userSnapshotsTopic,
} from '../../schemas/topics.ts';
import { joinWrites } from '../join-writes.ts';
import type { Sink, SinkRecord } from '../sink.ts';
import { toEventRow } from './event-rows.ts';
import { encodeEventRows, insertEvents } from './events.ts';
import { insertJsonRows, type JsonRow } from './json-rows.ts';
import {
  isProgressKey,
  toDeadLetterRow,
  toPolicySnapshotRow,
  toProgress,
  toReadingRow,
  toRunRow,
  toUserSnapshotRow,
} from './rows.ts';

/** Events first: a progress row then never speaks of events that are not in the table yet. */
const eventsSink = (client: ClickHouseClient): Sink => ({
  write: async (records) => {
    const events = records.filter((record) => !isProgressKey(record.key)).map(toEventRow);
    const progress = records.filter((record) => isProgressKey(record.key)).map(toProgress);
    await insertEvents(client, encodeEventRows(events));
    await insertJsonRows(client, progress);
  },
});

const jsonSink = (client: ClickHouseClient, toRow: (record: SinkRecord) => JsonRow): Sink => ({
  write: (records) => insertJsonRows(client, records.map(toRow)),
});

export interface TopicSink {
  readonly topic: string;
  readonly sink: Sink;
}

/**
 * One sink a topic, all over one client; partitions of a topic that are behind share their inserts. A record that cannot be
 * mapped is refused before anything is inserted.
 */
export const createClickHouseSinks = (client: ClickHouseClient): readonly TopicSink[] =>
  [
    { topic: systemLogTopic.name, sink: eventsSink(client) },
    { topic: userSnapshotsTopic.name, sink: jsonSink(client, toUserSnapshotRow) },
    { topic: policySnapshotsTopic.name, sink: jsonSink(client, toPolicySnapshotRow) },
    { topic: readingsTopic.name, sink: jsonSink(client, toReadingRow) },
    { topic: runsTopic.name, sink: jsonSink(client, toRunRow) },
    { topic: deadLettersTopic.name, sink: jsonSink(client, toDeadLetterRow) },
  ].map(({ topic, sink }) => ({ topic, sink: joinWrites(sink) }));
