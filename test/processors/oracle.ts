import type { Facts } from '../../schemas/facts.ts';

/**
 * What the log indicators must read at T, recomputed from the plain list of events, one T at a time, in the words of
 * their definitions. Slow, without state, and without a line of the code under test.
 */
export interface Truth {
  readonly draxis: number | null;
  readonly corrected: number | null;
  readonly measures: Readonly<Record<string, number | null>>;
}

/** The five mistakes that are easily made: tests of the tests ask the oracle to make one. */
export type Mistake =
  | 'floor buckets'
  | 'no dedupe'
  | 'window [T-24h, T)'
  | 'dedupe by (actor, second)'
  | 'no recompute on a late end';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

const distinctBy = (events: readonly Facts[], identity: (event: Facts) => string): Facts[] => [
  ...new Map(events.map((event) => [identity(event), event])).values(),
];

/** What counts as one event. */
export const distinct = (events: readonly Facts[], mistake?: Mistake): readonly Facts[] => {
  if (mistake === 'no dedupe') return events;
  if (mistake === 'dedupe by (actor, second)') {
    return distinctBy(events, (event) => `${event.actorId} ${Math.floor(event.publishedMs / 1000)}`);
  }
  return distinctBy(events, (event) => `${event.publishedMs} ${event.uuid}`);
};

const inWindow = (ms: number, T: number, span: number, mistake?: Mistake): boolean => {
  if (mistake === 'window [T-24h, T)') return ms >= T - span && ms < T;
  const at = mistake === 'floor buckets' ? Math.floor(ms / minute) * minute : ms;
  return at > T - span && at <= T;
};

const idOf = (id: string | null): string | undefined =>
  id === null || id === '' || /^unknown$/i.test(id) ? undefined : id;
const sessionIdOf = (id: string | null): string | undefined => (idOf(id)?.startsWith('trs') ? undefined : idOf(id));

const velocityOf = (event: Facts): string[] => {
  const results: string[] = [];
  const text = (event.behaviors ?? '').replace(/^\{|\}$/g, '');
  for (const [, name, result] of text.matchAll(/([^=]+)=(POSITIVE|NEGATIVE|UNKNOWN|BAD_REQUEST)(?:, |$)/g)) {
    if (/velocity/i.test(name ?? '')) results.push(result ?? '');
  }
  const logOnly = JSON.parse(event.logOnlySecurityData ?? '{}').behaviors ?? {};
  for (const name of Object.keys(logOnly)) if (/velocity/i.test(name)) results.push(logOnly[name]);
  for (const [name, result] of event.userBehaviors ?? []) if (/velocity/i.test(name)) results.push(result);
  return results;
};

const hasBehaviors = (event: Facts): boolean =>
  /=/.test(event.behaviors ?? '') ||
  Object.keys(JSON.parse(event.logOnlySecurityData ?? '{}').behaviors ?? {}).length > 0 ||
  (event.userBehaviors ?? []).length > 0;

export const travelAt = (events: readonly Facts[], T: number, mistake?: Mistake): Truth => {
  const today = events.filter(({ publishedMs }) => inWindow(publishedMs, T, day, mistake));
  const week = events.filter(({ publishedMs }) => inWindow(publishedMs, T, 7 * day, mistake));
  const positive = today.filter((event) => velocityOf(event).includes('POSITIVE'));
  const negative = today.filter((event) => {
    const results = velocityOf(event);
    return results.includes('NEGATIVE') && !results.includes('POSITIVE');
  });
  const evaluated = today.filter((event) => velocityOf(event).length > 0);
  const contains = today.filter((event) => /velocity/i.test(event.behaviors ?? ''));
  const signIns = new Set(
    positive.map((event) => {
      if (idOf(event.authnRequestId) !== undefined) return ['request', event.authnRequestId].join();
      if (idOf(event.transactionId) !== undefined) return ['transaction', event.transactionId].join();
      if (idOf(event.externalSessionId) !== undefined) return ['session', event.externalSessionId].join();
      return ['event', event.uuid].join();
    }),
  );
  const people = week.some(({ eventType }) =>
    /^(user\.session\.start|policy\.evaluate_sign_on|user\.authentication\.verify)$/.test(eventType),
  );
  const unknown = people && !week.some(hasBehaviors);
  return {
    draxis: unknown ? null : contains.length,
    corrected: unknown ? null : signIns.size,
    measures: {
      contains: contains.length,
      positive: positive.length,
      negative: negative.length,
      unknown: evaluated.length - positive.length - negative.length,
    },
  };
};

interface Session {
  readonly starts: readonly number[];
  readonly signOuts: readonly number[];
  readonly ends: readonly { readonly ms: number; readonly uuid: string; readonly cleared: boolean }[];
}

const sessionsOf = (events: readonly Facts[]): readonly Session[] => {
  const ofType = (type: string) => events.filter(({ eventType }) => eventType === type);
  const starting = ofType('user.session.access_admin_app');
  const ending = ofType('user.session.end');
  const ids = new Set(
    [...starting, ...ending].flatMap((event) => [
      sessionIdOf(event.externalSessionId),
      sessionIdOf(event.endedSessionId),
    ]),
  );
  ids.delete(undefined);
  return [...ids].map((id) => {
    const starts = starting.filter((event) => event.externalSessionId === id);
    const users = new Set(starts.map((event) => idOf(event.actorId)));
    const clears = ofType('user.session.clear').filter((event) =>
      event.targets.some(([type, target]) => type === 'User' && idOf(target) !== undefined && users.has(target)),
    );
    const own = ending.filter((event) => event.externalSessionId === id || event.endedSessionId === id);
    return {
      starts: starts.map(({ publishedMs }) => publishedMs),
      signOuts: own.filter((event) => event.externalSessionId === id).map(({ publishedMs }) => publishedMs),
      ends: [
        ...own.map(({ publishedMs, uuid }) => ({ ms: publishedMs, uuid, cleared: false })),
        ...clears.map(({ publishedMs, uuid }) => ({ ms: publishedMs, uuid, cleared: true })),
      ],
    };
  });
};

/** What closed a session, by arrival: the mistake of a fold that never looks back. */
const closedForEver = (arrivals: readonly Facts[]): { start: number; end: number }[] => {
  const starts = new Map<string, number>();
  const closed: { start: number; end: number }[] = [];
  for (const event of arrivals) {
    const id = sessionIdOf(event.externalSessionId);
    if (id === undefined) continue;
    if (event.eventType === 'user.session.access_admin_app' && !starts.has(id)) starts.set(id, event.publishedMs);
    const start = starts.get(id);
    if (event.eventType !== 'user.session.end' || start === undefined) continue;
    closed.push({ start, end: event.publishedMs });
    starts.delete(id);
  }
  return closed;
};

/** `events` in the order of arrival; only the last of the mistakes asks for it. */
export const sessionsAt = (events: readonly Facts[], T: number, mistake?: Mistake): Truth => {
  const sessions = sessionsOf(events);
  const today = (ms: number) => inWindow(ms, T, day, mistake);
  const earliest = (times: readonly number[]) => (times.length === 0 ? undefined : Math.min(...times));

  const byDraxis = sessions.filter(({ starts, signOuts }) => {
    const start = earliest(starts.filter(today));
    const end = earliest(signOuts.filter(today));
    return start !== undefined && end !== undefined && end - start > 8 * hour;
  });

  /** Each end with the earliest start after the end before it, of the 7 days before it. */
  const closed = sessions.flatMap(({ starts, ends }) =>
    ends.flatMap((end) => {
      const before = ends.filter((other) => other.ms < end.ms || (other.ms === end.ms && other.uuid < end.uuid));
      const after = Math.max(Number.NEGATIVE_INFINITY, ...before.map(({ ms }) => ms));
      const start = earliest(starts.filter((ms) => ms > after && ms <= end.ms && end.ms - ms <= 7 * day));
      return start === undefined ? [] : [{ start, end: end.ms }];
    }),
  );
  const closedToday = (mistake === 'no recompute on a late end' ? closedForEver(events) : closed).filter(({ end }) =>
    today(end),
  );

  const isUnmatched = ({ starts, ends }: Session) =>
    ends.some(
      ({ ms, cleared }) => !cleared && today(ms) && !starts.some((start) => start <= ms && ms - start <= 7 * day),
    );
  /** Open at T since a start that no end has followed by T. */
  const openSince = ({ starts, ends }: Session) =>
    starts.filter((start) => start <= T && start > T - 7 * day && !ends.some(({ ms }) => ms >= start && ms <= T));
  const lengths = closedToday.map(({ start, end }) => Math.floor((end - start) / minute));
  return {
    draxis: byDraxis.length,
    corrected: closedToday.filter(({ start, end }) => end - start > 8 * hour).length,
    measures: {
      starts: sessions.filter(({ starts }) => starts.some(today)).length,
      closed: closedToday.length,
      unmatched_ends: sessions.filter(isUnmatched).length,
      open_now: sessions.filter((session) => openSince(session).length > 0).length,
      open_over_8h: sessions.filter((session) => openSince(session).some((start) => T - start > 8 * hour)).length,
      longest_minutes: lengths.length === 0 ? null : Math.max(...lengths),
    },
  };
};

export const pushAt = (events: readonly Facts[], T: number, engine: string, mistake?: Mistake): Truth => {
  const today = events.filter(({ publishedMs }) => inWindow(publishedMs, T, day, mistake));
  const classic = today.filter(({ eventType }) => eventType === 'user.mfa.okta_verify.deny_push');
  const identityEngine = today.filter(
    (event) =>
      event.eventType === 'user.authentication.auth_via_mfa' &&
      event.outcomeResult === 'FAILURE' &&
      event.pushOnlyResponseType === 'OV_RESPONSE_DENY',
  );
  const people = [...classic, ...identityEngine].map(
    (event) =>
      event.targets.find(([type, id]) => type === 'User' && idOf(id) !== undefined)?.[1] ?? idOf(event.actorId),
  );
  return {
    draxis: engine === 'idx' && classic.length === 0 ? null : classic.length,
    corrected: classic.length + identityEngine.length,
    measures: {
      classic: classic.length,
      identity_engine: identityEngine.length,
      users: new Set(people.filter((person) => person !== undefined)).size,
    },
  };
};

/** All three log indicators at T, by slug. */
export const truthAt = (
  events: readonly Facts[],
  T: number,
  engine: string,
  mistake?: Mistake,
): Readonly<Record<string, Truth>> => {
  const counted = distinct(events, mistake);
  return {
    okta_impossible_travel_24h: travelAt(counted, T, mistake),
    okta_admin_session_outliers_24h: sessionsAt(counted, T, mistake),
    okta_failed_mfa_push_24h: pushAt(counted, T, engine, mistake),
  };
};
