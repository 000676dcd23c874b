import type { Facts } from '../../schemas/facts.ts';
import { minutesPerDay, minuteToMs, toMinute } from '../../schemas/time.ts';
import { carriesBehaviors, mentionsVelocity, velocityResult } from '../behaviors.ts';
import { type Contribution, defineIndicator, type LogIndicator, toClass } from '../indicator.ts';
import { insertEvent } from '../log/insert-event.ts';
import { dayWindow, unionOfDayWindows } from '../log/window.ts';
import { isUsableId } from '../usable-id.ts';

const weekMinutes = 7 * minutesPerDay;

/** Kinds are kept apart, so that a transaction id that equals a request id joins nothing. */
const signInKey = (facts: Facts): string => {
  if (isUsableId(facts.authnRequestId)) return `r:${facts.authnRequestId}`;
  if (isUsableId(facts.transactionId)) return `t:${facts.transactionId}`;
  if (isUsableId(facts.externalSessionId)) return `s:${facts.externalSessionId}`;
  return `u:${facts.uuid}`;
};

/**
 * Groups that remember that a minute had behaviours, or people who signed in: for a week, which an org without
 * Behavior Detection is told from a quiet one by.
 */
const isSeen = (key: string): boolean => key.startsWith('behaviours/') || key.startsWith('people/');

/** The keys of the minute that was asked for last: many events in a row are of the same, and keys cost. */
let seenKeys = { minute: Number.NaN, behaviours: '', people: '' };
const toSeenKeys = (minute: number) => {
  if (seenKeys.minute !== minute) {
    seenKeys = { minute, behaviours: `behaviours/${minute}`, people: `people/${minute}` };
  }
  return seenKeys;
};

const signInEvents = new Set(['user.session.start', 'policy.evaluate_sign_on', 'user.authentication.verify']);

const tagged = { contains: 1, result: { none: 0, positive: 1, negative: 2, unknown: 3 } } as const;
const resultNames = ['none', 'positive', 'negative', 'unknown'] as const;

/** What an event counts in, by the tag of its result: made once, since most events of an org carry behaviours. */
const toTallies = (contains: boolean) =>
  resultNames.map((result) => ({
    counters: [...(contains ? ['contains'] : []), ...(result === 'none' ? [] : [result])],
    membership: toClass({ draxis: contains, corrected: result === 'positive' }),
  }));
const listing = toTallies(true);
const notListing = toTallies(false);

export const impossibleTravel = defineIndicator<LogIndicator>({
  slug: 'okta_impossible_travel_24h',
  title: 'Impossible travel',
  question: 'How many sign-ins of the last 24 h came from farther away than a person can travel?',
  difference:
    'Counts distinct sign-ins whose velocity behaviour is POSITIVE; the draxis rule counts every event that lists the behaviour, NEGATIVE results included.',
  unit: 'count',
  thresholds: { warn: 1, critical: 5, direction: 'higher-is-worse' },
  reads: 'okta.system-log',
  windowMinutes: { draxis: minutesPerDay, corrected: minutesPerDay },
  keepMinutes: (key) => (isSeen(key) ? weekMinutes : minutesPerDay),

  fold: (groups, facts, settings) => {
    const changed: [string, NonNullable<ReturnType<typeof insertEvent>>][] = [];
    const minute = toMinute(facts.publishedMs);
    const result = velocityResult(facts, settings.velocityNames);
    const evaluated = result !== undefined || carriesBehaviors(facts);
    const seen = toSeenKeys(minute);
    if (evaluated && !groups.has(seen.behaviours)) changed.push([seen.behaviours, [[minuteToMs(minute), '']]]);
    if (signInEvents.has(facts.eventType) && !groups.has(seen.people)) {
      changed.push([seen.people, [[minuteToMs(minute), '']]]);
    }
    const contains = facts.behaviors !== null && mentionsVelocity(facts.behaviors);
    if (contains || result !== undefined) {
      const key = signInKey(facts);
      const tag = [contains ? tagged.contains : 0, tagged.result[result ?? 'none']];
      const group = insertEvent(groups.get(key), [facts.publishedMs, facts.uuid, ...tag]);
      if (group !== undefined) changed.push([key, group]);
    }
    return changed;
  },

  contributions: (key, group, changedFrom = 0) => {
    const first = group[0];
    if (first === undefined) return [];
    if (isSeen(key)) {
      const from = toMinute(first[0]);
      return [{ from, to: from + weekMinutes, counters: [key.slice(0, key.indexOf('/'))] }];
    }
    const contributions: Contribution[] = [];
    const positive: number[] = [];
    for (const [index, [timeMs, uuid, contains, result]] of group.entries()) {
      if (result === tagged.result.positive) positive.push(timeMs);
      if (index < changedFrom) continue;
      const tally = (contains === tagged.contains ? listing : notListing)[Number(result)];
      if (tally === undefined) continue;
      const { from, to } = dayWindow(timeMs);
      const evidence = `${timeMs}|${uuid}|${tally.membership}`;
      contributions.push({ from, to, counters: tally.counters, evidence });
    }
    for (const union of unionOfDayWindows(positive)) contributions.push({ ...union, counters: ['signIns'] });
    return contributions;
  },

  score: (totals) => {
    const nobodyEvaluated = totals.count('people') > 0 && totals.count('behaviours') === 0;
    const unknown = nobodyEvaluated ? ('no data' as const) : undefined;
    return {
      draxis: { numerator: totals.count('contains'), denominator: null, unknown },
      corrected: { numerator: totals.count('signIns'), denominator: null, unknown },
      measures: {
        contains: totals.count('contains'),
        positive: totals.count('positive'),
        negative: totals.count('negative'),
        unknown: totals.count('unknown'),
      },
    };
  },
});
