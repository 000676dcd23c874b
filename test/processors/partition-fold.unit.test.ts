import { describe, expect, test } from 'vitest';
import type { IndicatorSettings } from '../../processors/indicator.ts';
import { createPartitionFold, toSegments, toUsable } from '../../processors/partition-fold.ts';
import type { TopicFold } from '../../processors/topic-folds.ts';
import type { Batch, BusRecord } from '../../runtime/bus/bus.ts';
import type { Reading } from '../../schemas/reading.ts';
import { toTimestamp } from '../../schemas/time.ts';
import { deadLettersTopic, systemLogTopic, userSnapshotsTopic } from '../../schemas/topics.ts';
import { noon } from './events.ts';
import { progressAt } from './given.ts';
import { settingsOf } from './processor-world.ts';

const toRecord = (key: string, offset: number, value: unknown = {}): BusRecord => ({
  offset,
  key,
  value: Buffer.from(JSON.stringify(value)),
  headers: {},
});

const toBatch = (...keys: readonly string[]): Batch => ({
  topic: 'a topic',
  partition: 0,
  records: keys.map((key, offset) => toRecord(key, offset, key.endsWith('/progress') ? progressAt(noon) : {})),
  endOffset: keys.length,
  ack: async () => {},
});

describe('the segments of a batch', () => {
  const shapeOf = (...keys: readonly string[]) =>
    toSegments(toBatch(...keys)).map(({ records, endsBatch, saves }) => [
      records.map(({ offset }) => offset),
      endsBatch ? 'ends' : 'goes on',
      saves ? 'saves' : 'saves not',
    ]);

  test('are cut after its last progress record', () => {
    expect(shapeOf('acme', 'acme/progress', 'acme', 'acme/progress', 'acme', 'acme')).toEqual([
      [[0, 1, 2, 3], 'goes on', 'saves'],
      [[4, 5], 'ends', 'saves not'],
    ]);
  });

  test('are one where it ends with progress, and one where it has none', () => {
    expect(shapeOf('acme', 'acme/progress')).toEqual([[[0, 1], 'ends', 'saves']]);
    expect(shapeOf('acme', 'acme')).toEqual([[[0, 1], 'ends', 'saves not']]);
  });
});

/** A fold that tells what it was given: each record is a change of the state. */
const createSpyFold = () => {
  const created: { org: string; saved: (readonly [string, unknown])[] }[] = [];
  const topicFold: TopicFold = {
    topic: 'a topic',
    createOrgFold: (settings, saved) => {
      created.push({ org: settings.org, saved: [...saved] });
      let changes = new Map<string, unknown>();
      return {
        record: ({ offset }) => void changes.set('last', offset),
        progress: (_, offset) => {
          changes.set('newest', offset);
          return [];
        },
        takeChanges: () => {
          const taken = changes;
          changes = new Map();
          return taken;
        },
      };
    },
  };
  return { created, topicFold };
};

const both = [settingsOf('acme'), settingsOf('bolt')];

const foldAll = (
  keys: readonly string[],
  options: { orgs?: readonly IndicatorSettings[]; saved?: Parameters<typeof toUsable>[0]; savedOffset?: number } = {},
) => {
  const { orgs = both, saved, savedOffset = saved?.offset ?? -1 } = options;
  const { created, topicFold } = createSpyFold();
  const partition = createPartitionFold({ topicFold, orgs, usable: toUsable(saved, orgs), savedOffset });
  return { created, steps: toSegments(toBatch(...keys)).map((segment) => partition.fold(segment)) };
};

/** What a fold of both orgs saved, with an entry more of each. */
const savedOf = (orgs: readonly IndicatorSettings[], offset = 7) => {
  const [step] = foldAll(['acme/progress'], { orgs }).steps;
  const fingerprints = [...(step?.changes ?? [])].filter(([key]) => key.endsWith('/fingerprint'));
  return { offset, entries: new Map<string, unknown>([...fingerprints, ['acme/a/b', 1], ['bolt/c', 2]]) };
};

describe('saved state', () => {
  test('is used where every org was folded under the present settings', () => {
    const saved = savedOf(both);
    const usable = toUsable(saved, both);
    expect(usable.entries).toBe(saved.entries);
    expect([usable.published('acme'), usable.published('bolt')]).toEqual([7, 7]);
    expect(['acme/a', 'bolt', 'cave/a'].map(usable.isOf)).toEqual([true, true, false]);
  });

  test('is left aside where the settings of one org of several changed, though its readings are out', () => {
    const usable = toUsable(savedOf(both), [settingsOf('acme'), settingsOf('bolt', { userSampleCap: 'all' })]);
    expect(usable.entries.size).toBe(0);
    expect([usable.published('acme'), usable.published('bolt')]).toEqual([7, 7]);
  });

  test('is left aside where an org came later, of which no reading is out', () => {
    const usable = toUsable(savedOf([settingsOf('acme')]), both);
    expect(usable.entries.size).toBe(0);
    expect([usable.published('acme'), usable.published('bolt')]).toEqual([7, -1]);
  });

  test('that never was has no entry and no reading', () => {
    const usable = toUsable(undefined, both);
    expect(usable.entries.size).toBe(0);
    expect(usable.published('acme')).toBe(-1);
    expect(usable.isOf('acme/a')).toBe(true);
  });

  test('reaches each org without its name and without the fingerprint', () => {
    const { created } = foldAll(['bolt', 'acme', 'bolt'], { saved: savedOf(both) });
    expect(created).toEqual([
      { org: 'bolt', saved: [['c', 2]] },
      { org: 'acme', saved: [['a/b', 1]] },
    ]);
  });

  test('of an org that has none is empty', () => {
    expect(foldAll(['acme']).created).toEqual([{ org: 'acme', saved: [] }]);
  });
});

describe('a step', () => {
  test('saves what changed since the last one, of every org that had records, and all fingerprints', () => {
    const [first, rest] = foldAll(['acme', 'acme/progress', 'bolt']).steps;
    expect(first).toMatchObject({ offset: 1, saves: true });
    expect([...(first?.changes ?? [])].filter(([key]) => !key.endsWith('/fingerprint'))).toEqual([
      ['acme/last', 0],
      ['acme/newest', 1],
    ]);
    expect([...(first?.changes.keys() ?? [])].filter((key) => key.endsWith('/fingerprint'))).toEqual([
      'acme/fingerprint',
      'bolt/fingerprint',
    ]);
    expect(rest).toMatchObject({ offset: 2, saves: false });
    expect(rest?.changes.size).toBe(0);
  });

  test('saves nothing up to the offset that was saved before, and the next one does', () => {
    const keys = ['acme', 'acme/progress'];
    expect(foldAll(keys, { savedOffset: 1 }).steps[0]?.saves).toBe(false);
    expect(foldAll(keys, { savedOffset: 0 }).steps[0]?.saves).toBe(true);
  });

  test('saves nothing where all records are of orgs that are not configured', () => {
    const [step] = foldAll(['cave', 'cave/progress']).steps;
    expect(step).toMatchObject({ offset: 1, saves: false, records: [] });
    expect(step?.changes.size).toBe(0);
  });
});

test('what fails for another reason than the record is not taken for a dead letter', () => {
  const topicFold: TopicFold = {
    topic: 'a topic',
    createOrgFold: () => ({
      record: () => {
        throw new TypeError('a defect');
      },
      progress: () => [],
      takeChanges: () => new Map(),
    }),
  };
  const orgs = [settingsOf('acme')];
  const partition = createPartitionFold({ topicFold, orgs, usable: toUsable(undefined, orgs), savedOffset: -1 });
  const [segment] = toSegments(toBatch('acme', 'acme/progress'));
  if (segment === undefined) throw new Error('no segment');
  expect(() => partition.fold(segment)).toThrow('a defect');
});

describe('what is published', () => {
  const reading: Reading = {
    org: 'acme',
    slug: 'okta_failed_mfa_push_24h',
    asOf: toTimestamp(noon),
    draxis: { value: 0, numerator: 0, denominator: null, status: 'ok', coverage: 1 },
    corrected: { value: 0, numerator: 0, denominator: null, status: 'ok', coverage: 1 },
    measures: {},
    version: '0',
    digest: '0',
  };
  const publishedBy = (topic: string, published: number) => {
    const topicFold: TopicFold = {
      topic,
      createOrgFold: () => ({ record: () => {}, progress: () => [reading], takeChanges: () => [] }),
    };
    const usable = { entries: new Map(), published: () => published, isOf: () => true };
    const partition = createPartitionFold({ topicFold, orgs: both, usable, savedOffset: -1 });
    return toSegments(toBatch('acme', 'acme/progress', 'acme/progress'))
      .flatMap((segment) => partition.fold(segment).records)
      .map(({ topic, key }) => `${topic} ${key}`);
  };
  const out = `kri.readings acme/okta_failed_mfa_push_24h/${toTimestamp(noon)}`;

  test('are the readings, and after those of the log its progress', () => {
    expect(publishedBy(systemLogTopic.name, -1)).toEqual([
      out,
      'kri.readings acme/progress',
      out,
      'kri.readings acme/progress',
    ]);
    expect(publishedBy(userSnapshotsTopic.name, -1)).toEqual([out, out]);
  });

  test('are only those of records beyond what is out already', () => {
    expect(publishedBy(userSnapshotsTopic.name, 1)).toEqual([out]);
    expect(publishedBy(systemLogTopic.name, 2)).toEqual([]);
  });
});

test('a record that nobody can read goes to dead letters once, and says where it is no record of the topic', () => {
  const { topicFold } = createSpyFold();
  const partition = createPartitionFold({ topicFold, orgs: both, usable: toUsable(undefined, both), savedOffset: -1 });
  const wrong = { ...progressAt(noon), spans: [{ from: 1, to: toTimestamp(noon) }] };
  const batch = toBatch('acme/progress', 'acme/progress');
  const fold = (records: readonly BusRecord[]) =>
    toSegments({ ...batch, records }).flatMap((segment) => partition.fold(segment).records);
  const letters = fold([toRecord('acme/progress', 0, progressAt(noon)), toRecord('acme/progress', 1, wrong)]);
  expect(letters.map(({ topic }) => topic)).toEqual([deadLettersTopic.name]);
  expect(JSON.parse(String(letters[0]?.value))).toMatchObject({
    reason: 'The value is no record of this topic: spans.0.from invalid_type. (key acme/progress, offset 1)',
    at: toTimestamp(noon),
  });
  expect(fold([toRecord('acme/progress', 2, progressAt(noon))])).toEqual([]);
});
