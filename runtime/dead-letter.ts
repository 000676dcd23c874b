import { createHash } from 'node:crypto';
import type { DeadLetter } from '../schemas/dead-letter.ts';
import { toTimestamp } from '../schemas/time.ts';
import { deadLettersTopic } from '../schemas/topics.ts';
import { type BusRecord, type OutgoingRecord, orgOfKey } from './bus/bus.ts';

/** What of a record fits into another one with base64 around it. */
const keptBytes = 500_000;
const longestKey = 200;

/**
 * The dead letter for a record of a topic that a stage can never use. `minute` is null: each stage reads the record itself
 * and judges it itself, so no window is said to lack it. `atMs`: when it was given up, in milliseconds since the epoch.
 * Stages that give up the same record write the same id.
 */
export const toDeadLetterRecord = (
  record: Pick<BusRecord, 'key' | 'value' | 'offset'> & { readonly topic: string },
  reason: string,
  atMs: number,
): OutgoingRecord => {
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
