import { Readable } from 'node:stream';
import { type ClickHouseClient, drainStream } from '@clickhouse/client';
import type { Facts } from '../../schemas/facts.ts';
import { toInsertError } from './clickhouse-error.ts';
import { createRowBinaryWriter, type RowBinaryWriter } from './row-binary.ts';

/** One event as it is stored: its facts as typed columns, and its own bytes where they are kept. */
export interface EventRow {
  readonly org: string;
  readonly facts: Facts;
  /** Okta's JSON, stored byte for byte; left out, the column is empty. */
  readonly raw?: Buffer | undefined;
  /** The offset in the log: of one (org, published, uuid) the highest holds. */
  readonly offset: number;
}

/** The columns of `events` in the order that they are written in, each with how. */
const columns: readonly (readonly [name: string, write: (writer: RowBinaryWriter, row: EventRow) => void])[] = [
  ['org', (writer, row) => writer.text(row.org)],
  ['published', (writer, row) => writer.int64(row.facts.publishedMs)],
  ['uuid', (writer, row) => writer.text(row.facts.uuid)],
  ['event_type', (writer, row) => writer.text(row.facts.eventType)],
  ['severity', (writer, row) => writer.nullableText(row.facts.severity)],
  ['outcome_result', (writer, row) => writer.nullableText(row.facts.outcomeResult)],
  ['outcome_reason', (writer, row) => writer.nullableText(row.facts.outcomeReason)],
  ['actor_id', (writer, row) => writer.nullableText(row.facts.actorId)],
  ['actor_type', (writer, row) => writer.nullableText(row.facts.actorType)],
  ['country', (writer, row) => writer.nullableText(row.facts.country)],
  ['transaction_id', (writer, row) => writer.nullableText(row.facts.transactionId)],
  ['transaction_type', (writer, row) => writer.nullableText(row.facts.transactionType)],
  ['api_token_id', (writer, row) => writer.nullableText(row.facts.apiTokenId)],
  ['external_session_id', (writer, row) => writer.nullableText(row.facts.externalSessionId)],
  ['root_session_id', (writer, row) => writer.nullableText(row.facts.rootSessionId)],
  ['authn_request_id', (writer, row) => writer.nullableText(row.facts.authnRequestId)],
  ['ended_session_id', (writer, row) => writer.nullableText(row.facts.endedSessionId)],
  ['factor', (writer, row) => writer.nullableText(row.facts.factor)],
  ['push_only_response_type', (writer, row) => writer.nullableText(row.facts.pushOnlyResponseType)],
  ['behaviors', (writer, row) => writer.nullableText(row.facts.behaviors)],
  ['log_only_security_data', (writer, row) => writer.nullableText(row.facts.logOnlySecurityData)],
  ['has_user_behaviors', (writer, row) => writer.uint8(row.facts.userBehaviors === null ? 0 : 1)],
  ['user_behaviors', (writer, row) => writer.pairs(row.facts.userBehaviors ?? [])],
  ['targets', (writer, row) => writer.pairs(row.facts.targets)],
  ['raw', (writer, row) => writer.bytes(row.raw)],
  ['version', (writer, row) => writer.uint64(row.offset)],
];

const insertStatement = `INSERT INTO events (${columns.map(([name]) => name).join(', ')}) FORMAT RowBinary`;
const typicalRowBytes = 512;

/** Events in RowBinary, ready for `insertEvents`. */
export const encodeEventRows = (rows: readonly EventRow[]): Buffer => {
  const raw = rows.reduce((bytes, row) => bytes + (row.raw?.length ?? 0), 0);
  const writer = createRowBinaryWriter(rows.length * typicalRowBytes + raw);
  for (const row of rows) for (const [, write] of columns) write(writer, row);
  return writer.finish();
};

/** Inserts what `encodeEventRows` gave. Resolves when the rows are written; rejects as `toInsertError` says. */
export const insertEvents = async (client: ClickHouseClient, encoded: Buffer): Promise<void> => {
  if (encoded.length === 0) return;
  try {
    const { stream } = await client.exec({
      query: insertStatement,
      values: Readable.from([encoded], { objectMode: false }),
    });
    await drainStream(stream);
  } catch (error) {
    throw toInsertError(error, 'events');
  }
};
