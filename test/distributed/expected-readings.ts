import { expect } from 'vitest';
import type { IndicatorSettings } from '../../processors/indicator.ts';
import { factsOf, isProgress, parseProgress, topicFolds } from '../../processors/topic-folds.ts';
import { type BusRecord, orgOfKey } from '../../runtime/bus/bus.ts';
import type { Facts } from '../../schemas/facts.ts';
import { type Reading, readingKey } from '../../schemas/reading.ts';
import { systemLogTopic } from '../../schemas/topics.ts';
import { truthAt } from '../processors/oracle.ts';

/** What a record of `kri.readings` says, whatever its offset. */
export const toLine = ({ key, value }: Pick<BusRecord, 'key' | 'value'>): string => `${key} ${value.toString()}`;

/** What one processor that nothing disturbs makes of a partition of the System Log, in its order. */
export const foldUndisturbed = (records: readonly BusRecord[], orgs: readonly IndicatorSettings[]): string[] => {
  const fold = topicFolds.find(({ topic }) => topic === systemLogTopic.name);
  const folds = new Map(orgs.map((settings) => [settings.org, fold?.createOrgFold(settings, [])]));
  const lines: string[] = [];
  for (const record of records) {
    const org = orgOfKey(record.key);
    const own = folds.get(org);
    if (own === undefined) throw new Error(`a record of ${org}`);
    if (!isProgress(record)) {
      own.record(record);
      continue;
    }
    for (const reading of own.progress(parseProgress(record), record.offset)) {
      const key = readingKey(org, reading.slug, reading.asOf);
      lines.push(toLine({ key, value: Buffer.from(JSON.stringify(reading)) }));
    }
    lines.push(toLine(record));
  }
  return lines;
};

/** Of each org, KRI and minute the reading of the highest version. */
export const toNewest = (readings: Iterable<Reading>): ReadonlyMap<string, Reading> => {
  const newest = new Map<string, Reading>();
  for (const reading of readings) {
    const key = readingKey(reading.org, reading.slug, reading.asOf);
    const known = newest.get(key);
    if (known === undefined || BigInt(reading.version) > BigInt(known.version)) newest.set(key, reading);
  }
  return newest;
};

/**
 * Counts some minutes of an org again from the plain list of its events, without a line of the processors, and expects
 * the newest readings of these minutes to say the same. Tells how many readings were compared.
 */
export const expectOracle = (
  records: readonly BusRecord[],
  org: string,
  newest: ReadonlyMap<string, Reading>,
  minutes: readonly string[],
): number => {
  const events = records.filter(({ key }) => key === org).map((record) => factsOf(record) as Facts);
  let compared = 0;
  for (const asOf of minutes)
    for (const [slug, truth] of Object.entries(truthAt(events, Date.parse(asOf), 'idx'))) {
      const { draxis, corrected, measures } = newest.get(readingKey(org, slug, asOf)) ?? {};
      const found = { draxis: draxis?.value, corrected: corrected?.value, measures };
      expect(found, `${slug} of ${org} at ${asOf}`).toEqual(truth);
      compared += 1;
    }
  return compared;
};
