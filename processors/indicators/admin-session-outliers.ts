import type { LogFacts } from '../../schemas/log-facts.ts';
import { dayMs, hourMs, minuteMs, minutesPerDay, toMinute } from '../../schemas/time.ts';
import {
  type Contribution,
  defineIndicator,
  type Group,
  type Groups,
  type LogIndicator,
  toClass,
} from '../indicator.ts';
import { insertEvent } from '../log/insert-event.ts';
import { dayWindow, type Minutes, unionOf, unionOfDayWindows } from '../log/window.ts';
import { isSessionId, isUsableId } from '../usable-id.ts';

const outlierMs = 8 * hourMs;
/** Okta's Admin Console may keep a session for up to 7 days (AdminConsoleSettings, 10,080 minutes). */
const longestSessionMs = 7 * dayMs;
const longestSessionMinutes = 7 * minutesPerDay;

const startType = 'user.session.access_admin_app';
const endType = 'user.session.end';
const clearType = 'user.session.clear';

type Entry = Group[number];
type Change = readonly [key: string, group: Group];
const kindOf = (entry: Entry): string | number | undefined => entry[2];
const isSession = (key: string): boolean => key.startsWith('session/');

/**
 * Two kinds of groups. `session/ID`: the starts (with their user) and all that may end it. `user/ID`: the sessions and
 * the clears of a person, so that whichever comes second finds the other.
 */
const sessionGroup = (id: string): string => `session/${id}`;
const userGroup = (id: string): string => `user/${id}`;

const foldStart = (groups: Groups, facts: LogFacts): readonly Change[] => {
  if (!isSessionId(facts.externalSessionId)) return [];
  const key = sessionGroup(facts.externalSessionId);
  const start = [facts.publishedMs, facts.uuid, 'start'] as const;
  let session = insertEvent(groups.get(key), start);
  if (session === undefined) return [];
  if (!isUsableId(facts.actorId)) return [[key, session]];
  const person = groups.get(userGroup(facts.actorId));
  for (const entry of person ?? []) {
    if (kindOf(entry) === 'clear') session = insertEvent(session, [entry[0], entry[1], 'clear']) ?? session;
  }
  const sessions = insertEvent(person, [facts.publishedMs, facts.uuid, 'session', facts.externalSessionId]);
  return sessions === undefined
    ? [[key, session]]
    : [
        [key, session],
        [userGroup(facts.actorId), sessions],
      ];
};

const foldEnd = (groups: Groups, facts: LogFacts): readonly Change[] => {
  const changes: Change[] = [];
  const end = (id: string, kind: 'end' | 'ended'): void => {
    const group = insertEvent(groups.get(sessionGroup(id)), [facts.publishedMs, facts.uuid, kind]);
    if (group !== undefined) changes.push([sessionGroup(id), group]);
  };
  if (isSessionId(facts.externalSessionId)) end(facts.externalSessionId, 'end');
  if (isSessionId(facts.endedSessionId) && facts.endedSessionId !== facts.externalSessionId) {
    end(facts.endedSessionId, 'ended');
  }
  return changes;
};

const foldClear = (groups: Groups, facts: LogFacts): readonly Change[] => {
  const changes = new Map<string, Group>();
  for (const [type, userId] of facts.targets) {
    if (type !== 'User' || !isUsableId(userId)) continue;
    const person = groups.get(userGroup(userId));
    const cleared = insertEvent(person, [facts.publishedMs, facts.uuid, 'clear']);
    if (cleared === undefined) continue;
    changes.set(userGroup(userId), cleared);
    for (const [, , kind, sessionId] of person ?? []) {
      if (kind !== 'session') continue;
      const key = sessionGroup(String(sessionId));
      const session = insertEvent(changes.get(key) ?? groups.get(key), [facts.publishedMs, facts.uuid, 'clear']);
      if (session !== undefined) changes.set(key, session);
    }
  }
  return [...changes];
};

/** The earliest start and the earliest end that are in the window of T, wherever both are and lie far enough apart. */
const draxisOutliers = (key: string, starts: readonly Entry[], ends: readonly Entry[]): readonly Contribution[] => {
  if (starts.length === 0 || ends.length === 0) return [];
  const edges = [...starts, ...ends].flatMap(([timeMs]) => [toMinute(timeMs), toMinute(timeMs) + minutesPerDay]);
  const minutes = [...new Set(edges)].sort((a, b) => a - b);
  const inWindow = (minute: number) => (entry: Entry) => {
    const { from, to } = dayWindow(entry[0]);
    return from <= minute && minute < to;
  };
  return minutes.flatMap((from, index) => {
    const to = minutes[index + 1];
    const start = starts.find(inWindow(from));
    const end = ends.find(inWindow(from));
    if (to === undefined || start === undefined || end === undefined || end[0] - start[0] <= outlierMs) return [];
    return [{ from, to, counters: ['draxis'], evidence: `${key}|${start[0]}|${end[0]}|${toClass({ draxis: true })}` }];
  });
};

interface Closed {
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * Each end with the earliest start that it ends: at most 7 days before it, and after the end before. So what an end
 * means depends on those 7 days alone, and forgetting older events changes nothing.
 */
const closedBy = (starts: readonly Entry[], ends: readonly Entry[]): readonly Closed[] => {
  const closed: Closed[] = [];
  let previousMs = Number.NEGATIVE_INFINITY;
  for (const [endMs] of ends) {
    const first = starts.find(([ms]) => ms > previousMs && ms >= endMs - longestSessionMs && ms <= endMs);
    if (first !== undefined) closed.push({ startMs: first[0], endMs });
    previousMs = endMs;
  }
  return closed;
};

/** Where the session is open, from `afterMs` after a start on: until the end that follows, for at most 7 days. */
const openFrom = (starts: readonly Entry[], ends: readonly Entry[], afterMs: number) =>
  unionOf(
    starts.map(([startMs]) => {
      const end = ends.find(([endMs]) => endMs >= startMs);
      const longest = toMinute(startMs) + longestSessionMinutes;
      const to = end === undefined ? longest : Math.min(longest, toMinute(end[0]));
      // More than `afterMs` after the start: at 0 the minute of the start itself counts.
      const from = afterMs === 0 ? toMinute(startMs) : Math.floor((startMs + afterMs) / minuteMs) + 1;
      return { from, to };
    }),
  );

const sessionContributions = (key: string, group: Group): readonly Contribution[] => {
  const starts = group.filter((entry) => kindOf(entry) === 'start');
  const ends = group.filter((entry) => kindOf(entry) !== 'start');
  // Most sign-outs are of sessions that never were in the Admin Console.
  if (starts.length === 0) {
    const unmatched = ends.filter((entry) => kindOf(entry) !== 'clear').map(([timeMs]) => timeMs);
    return unionOfDayWindows(unmatched).map(({ from, to }) => ({ from, to, counters: ['unmatchedEnds'] }));
  }
  const signOuts = ends.filter((entry) => kindOf(entry) === 'end');
  const contributions: Contribution[] = [...draxisOutliers(key, starts, signOuts)];
  const addUnion = (counter: string, union: readonly Minutes[]): void => {
    for (const minutes of union) contributions.push({ ...minutes, counters: [counter] });
  };
  for (const { startMs, endMs } of closedBy(starts, ends)) {
    const outlier = endMs - startMs > outlierMs;
    contributions.push({
      ...dayWindow(endMs),
      counters: outlier ? ['closed', 'corrected'] : ['closed'],
      length: Math.floor((endMs - startMs) / minuteMs),
      ...(outlier ? { evidence: `${key}|${startMs}|${endMs}|${toClass({ corrected: true })}` } : {}),
    });
  }
  const isUnmatched = ([endMs, , kind]: Entry): boolean =>
    kind !== 'clear' && !starts.some(([ms]) => ms <= endMs && ms >= endMs - longestSessionMs);
  addUnion('starts', unionOfDayWindows(starts.map(([timeMs]) => timeMs)));
  addUnion('unmatchedEnds', unionOfDayWindows(ends.filter(isUnmatched).map(([timeMs]) => timeMs)));
  addUnion('openNow', openFrom(starts, ends, 0));
  addUnion('openOver8h', openFrom(starts, ends, outlierMs));
  return contributions;
};

export const adminSessionOutliers = defineIndicator<LogIndicator>({
  slug: 'okta_admin_session_outliers_24h',
  title: 'Admin session outliers',
  question: 'How many admin sessions that ended in the last 24 h had lasted more than 8 hours?',
  difference:
    'Finds sessions that began before the window (up to 7 days), and ends that Okta logs in other ways; the draxis rule needs both ends within 24 h. Time-outs are not logged by Okta, so neither sees them.',
  unit: 'count',
  thresholds: { warn: 1, critical: 3, direction: 'higher-is-worse' },
  reads: 'okta.system-log',
  windowMinutes: { draxis: minutesPerDay, corrected: minutesPerDay + longestSessionMinutes },
  // An end without a start can only meet one that comes late, and later than the revised time nothing counts.
  keepMinutes: (key, group) =>
    isSession(key) && !group.some((entry) => kindOf(entry) === 'start')
      ? minutesPerDay
      : minutesPerDay + longestSessionMinutes,

  plainTypes: [startType, endType, clearType],
  fold: (groups, facts) => {
    if (facts.eventType === startType) return foldStart(groups, facts);
    if (facts.eventType === endType) return foldEnd(groups, facts);
    if (facts.eventType === clearType) return foldClear(groups, facts);
    return [];
  },

  contributions: (key, group) => (isSession(key) ? sessionContributions(key, group) : []),

  score: (totals) => ({
    draxis: { numerator: totals.count('draxis'), denominator: null },
    corrected: { numerator: totals.count('corrected'), denominator: null },
    measures: {
      starts: totals.count('starts'),
      closed: totals.count('closed'),
      unmatched_ends: totals.count('unmatchedEnds'),
      open_now: totals.count('openNow'),
      open_over_8h: totals.count('openOver8h'),
      longest_minutes: totals.longest(),
    },
  }),
});
