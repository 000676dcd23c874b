import type { Bus, BusRecord } from '../../runtime/bus/bus.ts';
import type { Facts } from '../../schemas/facts.ts';
import { offsetOfVersion, type Reading } from '../../schemas/reading.ts';
import { dayMs, minuteToMs, passedMinute } from '../../schemas/time.ts';
import { addToDigest, emptyDigest, toDigestText, toEvidenceHash } from '../digest.ts';
import type { Group, IndicatorSettings, LogIndicator } from '../indicator.ts';
import { factsOf, isProgress } from '../topic-folds.ts';
import { type EventDetail, toEventDetail } from './event-people.ts';
import type { Evidence } from './evidence.ts';
import { type EvidentGroup, toLogItems } from './log-items.ts';
import { recordsUpTo } from './records.ts';

/** An event is appended after it was published; this much is left for clocks that disagree on that. */
const slackMs = dayMs;

const eventId = (timeMs: number, uuid: string): string => `${timeMs}|${uuid}`;

type HeldGroup = Omit<EvidentGroup, 'detailOf'>;

/** The same events and evidence in the groups that people see. Evidence of an event is `timeMs|uuid|class`. */
const regroup = (groups: readonly HeldGroup[], itemOfEvent: ReadonlyMap<string, string>): readonly HeldGroup[] => {
  const items = new Map<string, { key: string; group: Group[number][]; evidence: string[] }>();
  const itemOf = (id: string) => {
    const key = itemOfEvent.get(id);
    if (key === undefined) return undefined;
    const item = items.get(key) ?? { key, group: [], evidence: [] };
    items.set(key, item);
    return item;
  };
  for (const { group, evidence } of groups) {
    for (const entry of group) itemOf(eventId(entry[0], entry[1]))?.group.push(entry);
    for (const text of evidence) itemOf(text.slice(0, text.lastIndexOf('|')))?.evidence.push(text);
  }
  return [...items.values()].filter(({ evidence }) => evidence.length > 0);
};

/**
 * The evidence of a reading of the System Log: its events go through the indicator's own fold once more, up to the
 * record that the reading was made at, and what holds at T is what the reading counted.
 */
export const explainLog = async (options: {
  readonly bus: Bus;
  readonly settings: IndicatorSettings;
  readonly indicator: LogIndicator;
  readonly reading: Reading;
}): Promise<Evidence> => {
  const { bus, settings, indicator, reading } = options;
  const { org, slug } = reading;
  const topic = indicator.reads;
  const minute = passedMinute(Date.parse(reading.asOf));
  const endMs = minuteToMs(minute);
  const beginMs = endMs - minuteToMs(Math.max(indicator.windowMinutes.draxis, indicator.windowMinutes.corrected));
  const from = await bus.offsetAt(topic, bus.partitionOf(org), beginMs - slackMs);

  const groups = new Map<string, Group>();
  const details = new Map<string, EventDetail>();
  const itemOfEvent = new Map<string, string>();
  const fold = (facts: Facts, record: BusRecord): void => {
    let isKept = false;
    for (const [key, group] of indicator.fold(groups, facts, settings)) {
      groups.set(key, group);
      isKept ||= group.some(([, uuid]) => uuid === facts.uuid);
    }
    if (isKept && facts.publishedMs > beginMs && facts.publishedMs <= endMs) {
      const id = eventId(facts.publishedMs, facts.uuid);
      details.set(id, toEventDetail(facts, record));
      if (indicator.itemOf !== undefined) itemOfEvent.set(id, indicator.itemOf(facts));
    }
  };
  for await (const record of recordsUpTo(bus, { topic, org, from, last: offsetOfVersion(reading.version) })) {
    if (isProgress(record)) continue;
    const facts = factsOf(record);
    if (facts !== undefined) fold(facts, record);
  }

  const digest = emptyDigest();
  const held: HeldGroup[] = [];
  for (const [key, group] of groups) {
    const evidence = indicator
      .contributions(key, group)
      .flatMap((held) => (held.from <= minute && minute < held.to && held.evidence !== undefined ? held.evidence : []));
    for (const entry of evidence) addToDigest(digest, toEvidenceHash(entry));
    if (evidence.length > 0) held.push({ key, group, evidence });
  }
  const detailOf = (timeMs: number, uuid: string) => details.get(eventId(timeMs, uuid));
  const shown = indicator.itemOf === undefined ? held : regroup(held, itemOfEvent);
  const items = shown.flatMap((group) => toLogItems[slug]?.({ ...group, detailOf }) ?? []);
  return { items, digest: toDigestText(digest) };
};
