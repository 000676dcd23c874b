import { type Batch, type BusRecord, type OutgoingRecord, orgOfKey } from '../runtime/bus/bus.ts';
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

export type SettingsOf = (org: string) => IndicatorSettings | undefined;

/** False when an org's entries were made under other rules or settings: then the partition is folded anew. */
export const isUsable = (saved: ReadonlyMap<string, unknown>, settingsOf: SettingsOf): boolean =>
  [...new Set([...saved.keys()].map(orgOfKey))].every((org) => {
    const settings = settingsOf(org);
    return settings === undefined || saved.get(`${org}/${fingerprintKey}`) === toFingerprint(settings);
  });

/**
 * The state of one partition of a topic: a fold an org. `saved` holds entries under `ORG/…`, as steps gave them.
 * Up to the offset `published` the readings are out: these are made again only where the state is folded anew, are not
 * published a second time, and nothing is saved before they are passed, so that a crash on the way starts over.
 */
export const createPartitionFold = (options: {
  readonly topicFold: TopicFold;
  readonly settingsOf: SettingsOf;
  readonly saved: ReadonlyMap<string, unknown>;
  readonly published: number;
}) => {
  const { topicFold, settingsOf, published } = options;
  const folds = new Map<string, OrgFold>();
  /** The orgs whose state changed since it was last saved. */
  const unsaved = new Map<string, OrgFold>();
  const savedByOrg = new Map<string, [string, unknown][]>();
  for (const [key, value] of options.saved) {
    const org = orgOfKey(key);
    const entries = savedByOrg.get(org) ?? [];
    if (key !== `${org}/${fingerprintKey}`) entries.push([key.slice(org.length + 1), value]);
    savedByOrg.set(org, entries);
  }

  const foldOf = (org: string): OrgFold | undefined => {
    const known = folds.get(org);
    if (known !== undefined) return known;
    const settings = settingsOf(org);
    if (settings === undefined) return undefined;
    const fold = topicFold.createOrgFold(settings, savedByOrg.get(org) ?? []);
    savedByOrg.delete(org);
    folds.set(org, fold);
    return fold;
  };

  const toRecords = (org: string, record: BusRecord, fold: OrgFold): OutgoingRecord[] => {
    const progress = parseProgress(record);
    const readings = fold.progress(progress, record.offset);
    if (record.offset <= published) return [];
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

  return {
    fold: (segment: Segment): Step => {
      const records: OutgoingRecord[] = [];
      for (const record of segment.records) {
        const org = orgOfKey(record.key);
        const fold = foldOf(org);
        if (fold === undefined) continue;
        unsaved.set(org, fold);
        if (isProgress(record)) records.push(...toRecords(org, record, fold));
        else fold.record(record);
      }
      const changes = new Map<string, unknown>();
      const offset = segment.records.at(-1)?.offset ?? -1;
      // Where all records are of orgs that are not configured, the offset stays, for the day when they are again.
      const saves = segment.saves && offset > published && unsaved.size > 0;
      if (saves) {
        for (const [org, fold] of unsaved) {
          const settings = settingsOf(org);
          if (settings !== undefined) changes.set(`${org}/${fingerprintKey}`, toFingerprint(settings));
          for (const [key, value] of fold.takeChanges()) changes.set(`${org}/${key}`, value);
        }
        unsaved.clear();
      }
      return { segment, offset, saves, records, changes };
    },
  };
};
