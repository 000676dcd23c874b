import type { LogFacts } from '../../schemas/log-facts.ts';
import { minutesPerDay } from '../../schemas/time.ts';
import { type Contribution, defineIndicator, type LogIndicator, toClass } from '../indicator.ts';
import { insertEvent } from '../log/insert-event.ts';
import { dayWindow, unionOfDayWindows } from '../log/window.ts';
import { isUsableId } from '../usable-id.ts';

const classicType = 'user.mfa.okta_verify.deny_push';

/** Classic logs a denial as an event type of its own, Identity Engine as a failed verification with this response. */
const denialOf = (facts: LogFacts): 'classic' | 'identity_engine' | undefined => {
  if (facts.eventType === classicType) return 'classic';
  const denied =
    facts.eventType === 'user.authentication.auth_via_mfa' &&
    facts.pushOnlyResponseType === 'OV_RESPONSE_DENY' &&
    facts.outcomeResult === 'FAILURE';
  return denied ? 'identity_engine' : undefined;
};

/** Okta logs a wrong actor for some factor events, so the target is asked first. */
const personOf = (facts: LogFacts): string | null => {
  const target = facts.targets.find(([type, id]) => type === 'User' && isUsableId(id))?.[1];
  return target ?? (isUsableId(facts.actorId) ? facts.actorId : null);
};

export const failedMfaPush = defineIndicator<LogIndicator>({
  slug: 'okta_failed_mfa_push_24h',
  title: 'Denied MFA pushes',
  question: 'How many Okta Verify pushes did people deny in the last 24 h: does someone try to wear them down?',
  difference:
    'Also counts the denials of Identity Engine, which never logs the event type that the draxis rule counts.',
  unit: 'count',
  thresholds: { warn: 5, critical: 20, direction: 'higher-is-worse' },
  reads: 'okta.system-log',
  windowMinutes: { draxis: minutesPerDay, corrected: minutesPerDay },
  keepMinutes: () => minutesPerDay,

  plainTypes: [classicType],
  fold: (groups, facts) => {
    const denial = denialOf(facts);
    if (denial === undefined) return [];
    const person = personOf(facts);
    const key = person === null ? 'nobody' : `user/${person}`;
    const group = insertEvent(groups.get(key), [facts.publishedMs, facts.uuid, denial]);
    return group === undefined ? [] : [[key, group]];
  },

  contributions: (key, group, from, to) => {
    const contributions: Contribution[] = group.slice(from, to).map(([timeMs, uuid, denial]) => ({
      ...dayWindow(timeMs),
      counters: [String(denial)],
      evidence: `${timeMs}|${uuid}|${toClass({ draxis: denial === 'classic', corrected: true })}`,
    }));
    if (key === 'nobody') return contributions;
    for (const union of unionOfDayWindows(group.map(([timeMs]) => timeMs))) {
      contributions.push({ ...union, counters: ['users'] });
    }
    return contributions;
  },

  score: (totals, { engine }) => {
    const classic = totals.count('classic');
    const identityEngine = totals.count('identity_engine');
    return {
      draxis: {
        numerator: classic,
        denominator: null,
        unknown: engine === 'idx' && classic === 0 ? 'engine' : undefined,
      },
      corrected: { numerator: classic + identityEngine, denominator: null },
      measures: { classic, identity_engine: identityEngine, users: totals.count('users') },
    };
  },
});
