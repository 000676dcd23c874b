import { z } from 'zod';
import { type Batch, type BusRecord, type OutgoingRecord, orgOfKey } from '../runtime/bus/bus.ts';
import { toDeadLetterRecord } from '../runtime/dead-letter.ts';
import { progressKey } from '../schemas/progress.ts';
import { readingKey } from '../schemas/reading.ts';
import { readingsTopic, systemLogTopic } from '../schemas/topics.ts';
import type { IndicatorSettings } from './indicator.ts';
import { stateVersion } from './state.ts';
import { isProgress, type OrgFold, parseProgress, type TopicFold } from './topic-folds.ts';

/** A run of records, cut where state can be saved: after a progress record, or at the end of a batch. */
export interface Segment {
  readonly batch: Batch;
  readonly records: readonly BusRecord[];
  readonly endsBatch: boolean;
  /** State is saved at the last progress record of a batch, so that what nobody needs to see is not written. */
  readonly saves: boolean;
}

export const toSegments = (batch: Batch): readonly Segment[] => {
  const last = batch.records.findLastIndex(isProgress);
  const upToProgress = batch.records.slice(0, last + 1);
  const rest = batch.records.slice(last + 1);
  const segments: Segment[] = [];
  if (upToProgress.length > 0) {
    segments.push({ batch, records: upToProgress, endsBatch: rest.length === 0, saves: true });
  }
  if (rest.length > 0) segments.push({ batch, records: rest, endsBatch: true, saves: false });
  return segments;
};

/** What a segment leads to: readings to publish and entries to save, at an offset. */
export interface Step {
  readonly segment: Segment;
  readonly offset: number;
  readonly saves: boolean;
  readonly records: readonly OutgoingRecord[];
  readonly changes: ReadonlyMap<string, unknown>;
}

const fingerprintKey = 'fingerprint';

/** What an org's saved state rests on beside the log: the rules and the settings. */
const toFingerprint = (settings: IndicatorSettings): string => JSON.stringify([stateVersion, settings]);

/** What of a partition's saved state still holds. */
export interface Usable {
  /** The saved entries, or none where the partition is folded anew from the log's beginning. */
  readonly entries: ReadonlyMap<string, unknown>;
  /** Up to which offset an org's readings are out already. */
  readonly published: (org: string) => number;
  /** Whether an entry is of an org of the partition. */
  readonly isOf: (key: string) => boolean;
}

/**
 * Saved entries are used when every org of the partition was folded under the present rules and settings. An org that was
 * configured later has no entry: the others' offset says nothing of its records, so the partition is folded anew, and
 * only its readings are published from the beginning.
 */
export const toUsable = (
  saved: { readonly offset: number; readonly entries: ReadonlyMap<string, unknown> } | undefined,
  orgs: readonly IndicatorSettings[],
): Usable => {
  const names = new Set(orgs.map(({ org }) => org));
  const isOf = (key: string) => names.has(orgOfKey(key));
  if (saved === undefined) return { entries: new Map(), published: () => -1, isOf };
  const { offset, entries } = saved;
  const isCurrent = orgs.every(
    (settings) => entries.get(`${settings.org}/${fingerprintKey}`) === toFingerprint(settings),
  );
  return {
    entries: isCurrent ? entries : new Map(),
    published: (org) => (entries.has(`${org}/${fingerprintKey}`) ? offset : -1),
    isOf,
  };
};

/** Why a record of another producer cannot be folded; undefined for what is not the record's fault. */
const toUnreadable = (error: unknown): string | undefined => {
  if (error instanceof SyntaxError) return 'The value is not JSON.';
  if (!(error instanceof z.ZodError)) return undefined;
  const [issue] = error.issues;
  return `The value is no record of this topic: ${issue?.path.join('.') ?? ''} ${issue?.code ?? ''}.`;
};

/**
 * The state of one partition of a topic: a fold an org. `saved` holds entries under `ORG/…`, as steps gave them.
 * Up to the offset `published` of an org its readings are out: these are made again only where the state is folded anew,
 * and are not published a second time. Nothing is saved up to the offset `savedOffset`, so that a crash on the way starts
 * over.
 */
export const createPartitionFold = (options: {
  readonly topicFold: TopicFold;
  /** The orgs that live in the partition. */
  readonly orgs: readonly IndicatorSettings[];
  readonly usable: Usable;
  readonly savedOffset: number;
}) => {
  const { topicFold, orgs, usable, savedOffset } = options;
  const settingsByOrg = new Map(orgs.map((settings) => [settings.org, settings]));
  const folds = new Map<string, OrgFold>();
  /** The orgs whose state changed since it was last saved. */
  const unsaved = new Map<string, OrgFold>();
  const savedByOrg = new Map<string, [string, unknown][]>();
  for (const [key, value] of usable.entries) {
    const org = orgOfKey(key);
    const entries = savedByOrg.get(org) ?? [];
    if (key !== `${org}/${fingerprintKey}`) entries.push([key.slice(org.length + 1), value]);
    savedByOrg.set(org, entries);
  }

  const foldOf = (org: string): OrgFold | undefined => {
    const known = folds.get(org);
    if (known !== undefined) return known;
    const settings = settingsByOrg.get(org);
    if (settings === undefined) return undefined;
    const fold = topicFold.createOrgFold(settings, savedByOrg.get(org) ?? []);
    savedByOrg.delete(org);
    folds.set(org, fold);
    return fold;
  };

  const toRecords = (org: string, record: BusRecord, fold: OrgFold): OutgoingRecord[] => {
    const progress = parseProgress(record);
    asOf.set(org, Date.parse(progress.asOf));
    const readings = fold.progress(progress, record.offset);
    if (record.offset <= usable.published(org)) return [];
    const records: OutgoingRecord[] = readings.map((reading) => ({
      topic: readingsTopic.name,
      org,
      key: readingKey(org, reading.slug, reading.asOf),
      value: Buffer.from(JSON.stringify(reading)),
    }));
    // The log's progress follows its readings, so that a sink which sees it has seen all that it speaks of.
    if (topicFold.topic === systemLogTopic.name) {
      records.push({ topic: readingsTopic.name, org, key: progressKey(org), value: record.value });
    }
    return records;
  };

  /** Dead letters go out with the next save, since only then is their place passed for good. */
  let letters: OutgoingRecord[] = [];
  const asOf = new Map<string, number>();

  const foldRecord = (org: string, record: BusRecord, fold: OrgFold): OutgoingRecord[] => {
    try {
      if (isProgress(record)) return toRecords(org, record, fold);
      fold.record(record);
    } catch (error) {
      const reason = toUnreadable(error);
      if (reason === undefined) throw error;
      letters.push(toDeadLetterRecord({ ...record, topic: topicFold.topic }, reason, asOf.get(org) ?? 0));
    }
    return [];
  };

  return {
    fold: (segment: Segment): Step => {
      const records: OutgoingRecord[] = [];
      for (const record of segment.records) {
        const org = orgOfKey(record.key);
        const fold = foldOf(org);
        if (fold === undefined) continue;
        unsaved.set(org, fold);
        records.push(...foldRecord(org, record, fold));
      }
      const changes = new Map<string, unknown>();
      const offset = segment.records.at(-1)?.offset ?? -1;
      // Where all records are of orgs that are not configured, the offset stays, for the day when they are again.
      const saves = segment.saves && offset > savedOffset && unsaved.size > 0;
      if (saves) {
        // Of every org, also one without records: that it was folded up to here, if with nothing to fold.
        for (const settings of orgs) changes.set(`${settings.org}/${fingerprintKey}`, toFingerprint(settings));
        for (const [org, fold] of unsaved) {
          for (const [key, value] of fold.takeChanges()) changes.set(`${org}/${key}`, value);
        }
        unsaved.clear();
        records.push(...letters);
        letters = [];
      }
      return { segment, offset, saves, records, changes };
    },
  };
};
