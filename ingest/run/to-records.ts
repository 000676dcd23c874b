import { createHash } from 'node:crypto';
import type { OutgoingRecord } from '../../runtime/bus/bus.ts';
import type { DeadLetter } from '../../schemas/dead-letter.ts';
import { encodeFacts, factsHeader } from '../../schemas/facts-header.ts';
import { type Progress, progressKey, type Sweep, sweepKey } from '../../schemas/progress.ts';
import { type Run, runKey } from '../../schemas/run.ts';
import { minuteToMs, toMinute, toTimestamp } from '../../schemas/time.ts';
import { deadLettersTopic, runsTopic, systemLogTopic } from '../../schemas/topics.ts';
import { type LogPage, logPath } from '../system-log.ts';
import type { Fetched } from './org-run.ts';

const toValue = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const maxEventBytes = 2 ** 20;
const keptBytes = 64 * 2 ** 10;

const sha256 = (...parts: (string | Buffer)[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};

export const toJsonRecord = (topic: string, org: string, key: string, value: unknown): OutgoingRecord => ({
  topic,
  org,
  key,
  value: toValue(value),
});

export const toProgressRecord = (topic: string, org: string, progress: Progress): OutgoingRecord =>
  toJsonRecord(topic, org, progressKey(org), progress);

export const toSweepRecord = (topic: string, org: string, sweep: Sweep): OutgoingRecord =>
  toJsonRecord(topic, org, sweepKey(org, sweep.sweep), sweep);

export const toDeadLetterRecord = (letter: {
  org: string;
  origin: string;
  reason: string;
  atMs: number;
  minute: number | undefined;
  bytes: Buffer;
}): OutgoingRecord => {
  const { org, origin, reason, atMs, minute, bytes } = letter;
  const truncated = bytes.length > maxEventBytes;
  const value: DeadLetter = {
    id: sha256(origin, '\n', bytes),
    org,
    origin,
    reason,
    at: toTimestamp(atMs),
    minute: minute === undefined ? null : toTimestamp(minuteToMs(minute)),
    bytes: (truncated ? bytes.subarray(0, keptBytes) : bytes).toString('base64'),
    truncated,
  };
  return toJsonRecord(deadLettersTopic.name, org, origin, value);
};

export interface PageRecords {
  readonly records: readonly OutgoingRecord[];
  readonly events: number;
  /** The minutes T whose windows lack an event that went to dead letters. */
  readonly deadMinutes: readonly number[];
}

/** A page's events with their facts, and dead letters for those without usable ones or larger than a record may be. */
export const toPageRecords = (org: string, page: LogPage): PageRecords => {
  const records: OutgoingRecord[] = [];
  const deadMinutes: number[] = [];
  let events = 0;
  for (const { bytes, outcome } of page.records) {
    if (outcome.ok && bytes.length <= maxEventBytes) {
      events += 1;
      records.push({
        topic: systemLogTopic.name,
        org,
        key: org,
        value: bytes,
        headers: { [factsHeader]: encodeFacts(outcome.facts) },
      });
      continue;
    }
    const atMs = page.asOfMs ?? page.dateMs;
    const minute = toMinute(outcome.ok ? outcome.facts.publishedMs : atMs);
    const reason = outcome.ok
      ? `The event has ${bytes.length} bytes; a record holds ${maxEventBytes}.`
      : outcome.reason;
    deadMinutes.push(minute);
    records.push(toDeadLetterRecord({ org, origin: `GET ${logPath}`, reason, atMs: page.dateMs, minute, bytes }));
  }
  return { records, events, deadMinutes };
};

/** A completed sweep as a run. Its id is made of what identifies it, so that writing it again changes nothing. */
export const toSweepRun = (org: string, sweep: Sweep, fetched: Partial<Fetched>): OutgoingRecord => {
  const run: Run = {
    id: sha256(`${org}|sweep|${sweep.sweep}|${sweep.began}`),
    org,
    trigger: 'sweep',
    started: sweep.began,
    ended: sweep.completed,
    rowsWritten: 0,
    rowsSkipped: 0,
    fetched,
    error: null,
  };
  return toJsonRecord(runsTopic.name, org, runKey(org, run.id), run);
};
