import { defineIndicator, toClass, type UserIndicator } from '../indicator.ts';
import { isEnrolled, isEnrolledByDraxis } from '../posture/factors.ts';
import { toPopulation, toSweepReason } from '../posture/sample.ts';

export const mfaAdoption = defineIndicator<UserIndicator>({
  slug: 'okta_mfa_adoption_pct',
  title: 'MFA adoption',
  question: 'What share of active users has at least one real MFA factor?',
  difference: 'Asks all active users, not a sample, and an e-mail factor, which Okta enrols by itself, does not count.',
  unit: 'percent',
  thresholds: { warn: 95, critical: 85, direction: 'lower-is-worse' },
  reads: 'okta.user-snapshots',
  score: (users, settings) => {
    const { active, sampled, activeRead, sampledRead } = toPopulation(users, settings);
    const inSample = new Set(sampledRead.map(({ id }) => id));
    const evidence = new Map<string, string>();
    const counts = { draxis: 0, corrected: 0, emailOnly: 0 };
    for (const { id, factors = [] } of activeRead) {
      const byDraxis = isEnrolledByDraxis(factors);
      const corrected = isEnrolled(factors);
      const draxisBase = inSample.has(id);
      if (draxisBase && byDraxis) counts.draxis += 1;
      if (corrected) counts.corrected += 1;
      if (byDraxis && !corrected) counts.emailOnly += 1;
      evidence.set(id, toClass({ draxis: draxisBase && byDraxis, draxisBase, corrected, correctedBase: true }));
    }
    return {
      draxis: {
        numerator: counts.draxis,
        denominator: sampledRead.length,
        read: sampledRead.length,
        wanted: sampled.length,
        unknown: toSweepReason(users, 'factors', sampledRead.length, sampled.length),
      },
      corrected: {
        numerator: counts.corrected,
        denominator: activeRead.length,
        read: activeRead.length,
        wanted: active.length,
        unknown: toSweepReason(users, 'factors', activeRead.length, active.length),
      },
      measures: {
        active: active.length,
        sampled: sampled.length,
        enrolled: counts.corrected,
        email_only: counts.emailOnly,
      },
      evidence,
    };
  },
});
