import { suspendedUserCap } from '../../schemas/sample.ts';
import { defineIndicator, toClass, type UserIndicator } from '../indicator.ts';
import { toSweepReason } from '../posture/sample.ts';
import type { Person } from '../posture/user-directory.ts';

const isRead = (person: Person): boolean => person.links !== undefined;
const hasAccess = (person: Person): boolean => (person.links ?? 0) > 0;

export const inactiveUsersWithAccess = defineIndicator<UserIndicator>({
  slug: 'okta_inactive_users_with_app_access',
  title: 'Suspended users with app access',
  question: 'How many suspended users still hold at least one app assignment?',
  difference: `Looks at every suspended user; the draxis rule at ${suspendedUserCap} of them.`,
  unit: 'count',
  thresholds: { warn: 1, critical: 10, direction: 'higher-is-worse' },
  reads: 'okta.user-snapshots',
  score: (users) => {
    const suspended = users.withStatus('SUSPENDED');
    const capped = suspended.slice(0, suspendedUserCap);
    const inCap = new Set(capped.map(({ id }) => id));
    const holders = suspended.filter(hasAccess);
    const outcome = (people: readonly Person[]) => {
      const read = people.filter(isRead).length;
      return {
        numerator: people.filter(hasAccess).length,
        denominator: null,
        read,
        wanted: people.length,
        unknown: toSweepReason(users, 'applinks', read, people.length),
      };
    };
    return {
      draxis: outcome(capped),
      corrected: outcome(suspended),
      measures: { suspended: suspended.length, with_access: holders.length },
      evidence: new Map(holders.map(({ id }) => [id, toClass({ draxis: inCap.has(id), corrected: true })])),
    };
  },
});
