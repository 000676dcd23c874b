import type { Bus } from '../../runtime/bus/bus.ts';
import { offsetOfVersion, type Reading } from '../../schemas/reading.ts';
import type { PolicyRule, PolicySnapshot } from '../../schemas/snapshots.ts';
import type { PolicyIndicator } from '../indicator.ts';
import { createPolicyDirectory } from '../posture/policy-directory.ts';
import { toVerification, type Verification } from '../posture/verification-method.ts';
import { isProgress } from '../topic-folds.ts';
import { type Evidence, type EvidenceItem, toCounted } from './evidence.ts';
import { recordsUpTo } from './records.ts';
import { toSetDigest } from './set-digest.ts';

const toDemands = (verification: Verification): string => {
  if (verification.kind === 'missing') return 'nothing';
  if (verification.kind === 'one factor') return verification.strong ? 'one strong factor' : 'one factor';
  if (verification.kind === 'chain') return 'an authentication chain';
  return verification.kind;
};

const toCause = (verification: Verification): string => {
  if (verification.kind === 'missing') return 'It lets people in and names no verification.';
  if (verification.kind === 'chain') return 'One of its chains ends after a single step that can be phished.';
  return 'It lets people in with a single factor.';
};

/** Why a rule of the draxis definition is none of the corrected one. */
const toExcuse = (policy: PolicySnapshot, verification: Verification): string => {
  if (policy.status !== 'ACTIVE') return 'the policy is not active';
  if (policy.resourceType === 'END_USER_ACCOUNT_MANAGEMENT') return 'the policy guards account management, not apps';
  return verification.kind === 'one factor'
    ? 'the factor is possession that cannot be phished or verifies the person'
    : 'the rule is sound';
};

const toItem = (policy: PolicySnapshot, rule: PolicyRule, membership: string): EvidenceItem => {
  const verification = toVerification(rule.verificationMethod);
  const [draxis, corrected] = [membership[0] === '1', membership[2] === '1'];
  const others = [
    ...(draxis && !corrected ? [`Corrected leaves it out: ${toExcuse(policy, verification)}.`] : []),
    ...(corrected && !draxis ? ['The draxis rule does not look into chains.'] : []),
  ];
  return {
    kind: 'rule',
    ...toCounted(draxis ? 1 : 0, corrected ? 1 : 0),
    policy: { id: policy.id, name: policy.name ?? null },
    rule: { id: rule.id, name: rule.name ?? null },
    demands: toDemands(verification),
    why: [toCause(verification), ...others].join(' '),
  };
};

/** The rules behind a reading: the topic is folded once more, up to the record that the reading was made at. */
export const explainPolicies = async (options: {
  readonly bus: Bus;
  readonly indicator: PolicyIndicator;
  readonly reading: Reading;
}): Promise<Evidence> => {
  const { bus, indicator, reading } = options;
  const { org } = reading;
  const policies = createPolicyDirectory([]);
  const last = offsetOfVersion(reading.version);
  for await (const record of recordsUpTo(bus, { topic: indicator.reads, org, from: 0, last })) {
    if (!isProgress(record)) policies.fold(JSON.parse(record.value.toString('utf8')));
  }
  // The engine decides whether the figure means anything, not which rules it is made of.
  const { evidence } = indicator.score(policies.directory, { engine: 'unknown' });
  const items = policies.directory.policies().flatMap((policy) =>
    policy.rules.flatMap((rule) => {
      const membership = evidence.get(`${policy.id}/${rule.id}`);
      return membership === undefined ? [] : [toItem(policy, rule, membership)];
    }),
  );
  return { items, digest: toSetDigest(evidence) };
};
