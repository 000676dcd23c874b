import { defineIndicator, toClass, type UserIndicator } from '../indicator.ts';
import { hasFastPass, isEnrolled, isEnrolledByDraxis, isResistant, isResistantByDraxis } from '../posture/factors.ts';
import { toPopulation, toSweepReason } from '../posture/sample.ts';

export const phishingResistantMfa = defineIndicator<UserIndicator>({
  slug: 'okta_phish_resistant_mfa_pct',
  title: 'Phishing-resistant MFA',
  question: 'What share of the people enrolled in MFA has a factor that cannot be phished?',
  difference: 'Okta FastPass counts, as Okta itself says; only factors of status ACTIVE do, and e-mail enrols nobody.',
  unit: 'percent',
  thresholds: { warn: 80, critical: 50, direction: 'lower-is-worse' },
  reads: 'okta.user-snapshots',
  score: (users, settings) => {
    const { active, sampled, activeRead, sampledRead } = toPopulation(users, settings);
    const inSample = new Set(sampledRead.map(({ id }) => id));
    const evidence = new Map<string, string>();
    const counts = { draxis: 0, draxisBase: 0, corrected: 0, correctedBase: 0, fastpass: 0 };
    for (const { id, factors = [] } of activeRead) {
      const draxisBase = inSample.has(id) && isEnrolledByDraxis(factors);
      const draxis = draxisBase && isResistantByDraxis(factors);
      const correctedBase = isEnrolled(factors);
      const corrected = correctedBase && isResistant(factors);
      if (draxisBase) counts.draxisBase += 1;
      if (draxis) counts.draxis += 1;
      if (correctedBase) counts.correctedBase += 1;
      if (corrected) counts.corrected += 1;
      if (correctedBase && hasFastPass(factors)) counts.fastpass += 1;
      if (draxisBase || correctedBase) evidence.set(id, toClass({ draxis, draxisBase, corrected, correctedBase }));
    }
    return {
      draxis: {
        numerator: counts.draxis,
        denominator: counts.draxisBase,
        read: sampledRead.length,
        wanted: sampled.length,
        unknown: toSweepReason(users, 'factors', sampledRead.length, sampled.length),
      },
      corrected: {
        numerator: counts.corrected,
        denominator: counts.correctedBase,
        read: activeRead.length,
        wanted: active.length,
        unknown: toSweepReason(users, 'factors', activeRead.length, active.length),
      },
      measures: { resistant: counts.corrected, fastpass: counts.fastpass },
      evidence,
    };
  },
});
