import { createHash } from 'node:crypto';
import { type OutgoingRecord, orgOfKey } from '../runtime/bus/bus.ts';
import type { DeadLetter } from '../schemas/dead-letter.ts';
import { toTimestamp } from '../schemas/time.ts';
import { deadLettersTopic } from '../schemas/topics.ts';
import type { SinkRecord } from './sink.ts';

/** What of a record fits into another one with base64 around it. */
const keptBytes = 500_000;
const longestKey = 200;

/**
 * The dead letter for a record that a sink can never store. `minute` is null: the indicators read the record themselves
 * and judge it themselves, so no window lacks it. `atMs`: when the sink gave it up, in milliseconds since the epoch.
 */
export const toDeadLetterRecord = (record: SinkRecord, reason: string, atMs: number): OutgoingRecord => {
  const org = orgOfKey(record.key);
  const letter: DeadLetter = {
    id: createHash('sha256').update(record.topic).update('\n').update(record.value).digest('hex'),
    org,
    origin: record.topic,
    reason: `${reason} (key ${record.key.slice(0, longestKey)}, offset ${record.offset})`,
    at: toTimestamp(atMs),
    minute: null,
    bytes: record.value.subarray(0, keptBytes).toString('base64'),
    truncated: record.value.length > keptBytes,
  };
  return { topic: deadLettersTopic.name, org, key: record.topic, value: Buffer.from(JSON.stringify(letter)) };
};
