import { orgOfKey } from '../../runtime/bus/bus.ts';
import { type Facts, toFacts } from '../../schemas/facts.ts';
import { decodeFacts, factsHeader } from '../../schemas/facts-header.ts';
import type { SinkRecord } from '../sink.ts';
import type { EventRow } from './events.ts';
import { refuse } from './rows.ts';

/** What a TTL can be counted from: DateTime ends in 2106, and months outside are partitions that nobody expects. */
const firstMs = 0;
const endMs = Date.UTC(2100, 0, 1);

/**
 * One record of okta.system-log as a row. The facts come from the record's header; one without, or with those of another
 * version, is parsed. Throws `data-invalid` with the reason for a record that is no usable event.
 */
export const toEventRow = (record: SinkRecord): EventRow => {
  const facts = decodeFacts(record.headers[factsHeader]) ?? parseFacts(record.value);
  if (facts.publishedMs < firstMs || facts.publishedMs >= endMs) {
    throw refuse(`published: ${new Date(facts.publishedMs).toISOString()} is outside 1970 to 2099.`);
  }
  return { org: orgOfKey(record.key), facts, raw: record.value, offset: record.offset };
};

const parseFacts = (value: Buffer): Facts => {
  let event: unknown;
  try {
    event = JSON.parse(value.toString());
  } catch {
    throw refuse('The event is not JSON.');
  }
  const outcome = toFacts(event);
  if (!outcome.ok) throw refuse(outcome.reason);
  return outcome.facts;
};
