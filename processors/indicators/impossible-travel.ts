import type { LogFacts } from '../../schemas/log-facts.ts';
import { minutesPerDay, minuteToMs, toMinute } from '../../schemas/time.ts';
import { carriesBehaviors, mentionsVelocity, velocityResult } from '../behaviors.ts';
import { type Contribution, defineIndicator, type Group, type LogIndicator, toClass } from '../indicator.ts';
import { insertEvent } from '../log/insert-event.ts';
import { dayWindow, unionOfDayWindows } from '../log/window.ts';
import { isUsableId } from '../usable-id.ts';

const weekMinutes = 7 * minutesPerDay;

/** Kinds are kept apart, so that a transaction id that equals a request id joins nothing. */
const signInKey = (facts: LogFacts): string => {
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

/** The groups of a minute. Many events in a row are of the same, so the keys that were asked for last are kept. */
let minuteKeys = { minute: Number.NaN, behaviours: '', people: '', events: '' };
const toMinuteKeys = (minute: number) => {
  if (minuteKeys.minute !== minute) {
    minuteKeys = {
      minute,
      behaviours: `behaviours/${minute}`,
      people: `people/${minute}`,
      events: `${eventsPrefix}${minute}`,
    };
  }
  return minuteKeys;
};

/**
 * The events of a minute that are not positive: each counts by itself, and they are nearly all that carry behaviours, so
 * no group is made for the sign-in of each.
 */
const eventsPrefix = 'events/';

const signInTypes = ['user.session.start', 'policy.evaluate_sign_on', 'user.authentication.verify'];

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

  itemOf: signInKey,
  plainTypes: signInTypes,
  fold: (groups, facts, settings) => {
    const minute = toMinute(facts.publishedMs);
    const keys = toMinuteKeys(minute);
    const result = velocityResult(facts, settings.velocityNames);
    const contains = facts.behaviors !== null && mentionsVelocity(facts.behaviors);
    const changed: (readonly [string, Group])[] = [];
    if (!groups.has(keys.behaviours) && (result !== undefined || carriesBehaviors(facts))) {
      changed.push([keys.behaviours, [[minuteToMs(minute), '']]]);
    }
    if (!groups.has(keys.people) && signInTypes.includes(facts.eventType)) {
      changed.push([keys.people, [[minuteToMs(minute), '']]]);
    }
    if (contains || result !== undefined) {
      const key = result === 'positive' ? signInKey(facts) : keys.events;
      const tag = tagged.result[result ?? 'none'];
      const entry = [facts.publishedMs, facts.uuid, contains ? tagged.contains : 0, tag] as const;
      const group = insertEvent(groups.get(key), entry);
      if (group !== undefined) changed.push([key, group]);
    }
    return changed;
  },

  contributions: (key, group, from = 0, to = group.length) => {
    const first = group[0];
    if (first === undefined) return [];
    if (isSeen(key)) {
      const minute = toMinute(first[0]);
      return [{ from: minute, to: minute + weekMinutes, counters: [key.slice(0, key.indexOf('/'))] }];
    }
    const contributions: Contribution[] = [];
    for (let index = from; index < to; index += 1) {
      const [timeMs, uuid, contains, result] = group[index] ?? first;
      const tally = (contains === tagged.contains ? listing : notListing)[Number(result)];
      if (tally === undefined) continue;
      const window = dayWindow(timeMs);
      contributions.push({
        from: window.from,
        to: window.to,
        counters: tally.counters,
        evidence: `${timeMs}|${uuid}|${tally.membership}`,
      });
    }
    if (key.startsWith(eventsPrefix)) return contributions;
    const positive = group.map(([timeMs]) => timeMs);
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
