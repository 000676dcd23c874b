import type { Reason } from '../../schemas/reading.ts';
import { defineIndicator, type PolicyIndicator, toClass } from '../indicator.ts';
import type { PolicyDirectory } from '../posture/policy-directory.ts';
import { toVerification, type Verification } from '../posture/verification-method.ts';

const letsInWithout = (verification: Verification): { draxis: boolean; corrected: boolean } => {
  if (verification.kind === 'missing') return { draxis: true, corrected: true };
  if (verification.kind === 'one factor') return { draxis: true, corrected: !verification.strong };
  if (verification.kind === 'chain') return { draxis: false, corrected: verification.weakSingleStep };
  return { draxis: false, corrected: false };
};

const toReason = (policies: PolicyDirectory, engine: string): Reason | undefined => {
  const state = policies.sweep()?.state;
  if (state === 'forbidden' || state === 'unauthorised') return state;
  if (engine === 'v1') return 'engine';
  return policies.hasCompleted() ? undefined : 'first sweep';
};

export const appPolicyExceptions = defineIndicator<PolicyIndicator>({
  slug: 'okta_app_policy_exceptions',
  title: 'App policy exceptions',
  question: 'How many active rules let people into apps without MFA?',
  difference:
    'Leaves out inactive policies, account management and strong single factors such as a passkey, and finds authentication chains that end after one weak step.',
  unit: 'count',
  thresholds: { warn: 1, critical: 5, direction: 'higher-is-worse' },
  reads: 'okta.policy-snapshots',
  score: (directory, { engine }) => {
    const policies = directory.policies();
    const evidence = new Map<string, string>();
    const counts = { rules: 0, draxis: 0, corrected: 0, chains: 0, strong: 0, unclassified: 0 };
    for (const policy of policies) {
      const guardsApps = policy.status === 'ACTIVE' && policy.resourceType !== 'END_USER_ACCOUNT_MANAGEMENT';
      for (const rule of policy.rules) {
        counts.rules += 1;
        if (rule.status !== 'ACTIVE' || rule.access !== 'ALLOW') continue;
        const verification = toVerification(rule.verificationMethod);
        if (verification.kind === 'chain') counts.chains += 1;
        if (verification.kind === 'one factor' && verification.strong) counts.strong += 1;
        if (verification.kind === 'unclassified') counts.unclassified += 1;
        const exception = letsInWithout(verification);
        const corrected = exception.corrected && guardsApps;
        if (exception.draxis) counts.draxis += 1;
        if (corrected) counts.corrected += 1;
        if (exception.draxis || corrected) {
          evidence.set(`${policy.id}/${rule.id}`, toClass({ draxis: exception.draxis, corrected }));
        }
      }
    }
    const sweep = directory.sweep();
    const isHalfRead = sweep?.completed != null && sweep.wanted !== null && sweep.read < sweep.wanted;
    const [read, wanted] = isHalfRead ? [sweep.read, sweep.wanted ?? sweep.read] : [1, 1];
    const outcome = (numerator: number) => ({
      numerator,
      denominator: null,
      read,
      wanted,
      unknown: toReason(directory, engine),
    });
    return {
      draxis: outcome(counts.draxis),
      corrected: outcome(counts.corrected),
      measures: {
        rules: counts.rules,
        policies: policies.length,
        chains: counts.chains,
        strong_one_factor: counts.strong,
        unclassified: counts.unclassified,
      },
      evidence,
    };
  },
});
