import type { Change } from '../drift.ts';
import { type Draft, type PlannedEvent, type Target, userTarget } from '../event.ts';
import { ruleShapes } from '../rule-shapes.ts';
import { type Stage, success, tell, toScene, toUserSessionId } from './teller.ts';

const toTargets = (change: Change): Target[] => {
  const { person, app, policy, rule } = change;
  if (policy !== undefined && rule !== undefined) {
    return [
      {
        id: policy.id,
        type: 'PolicyEntity',
        alternateId: 'unknown',
        displayName: change.policyName ?? null,
        detailEntry: { policyType: 'ACCESS_POLICY' },
      },
      { id: rule.id, type: 'PolicyRule', alternateId: policy.id, displayName: rule.name, detailEntry: null },
    ];
  }
  if (person === undefined) return [];
  if (app === undefined) return [userTarget(person)];
  return [
    userTarget(person, 'AppUser'),
    { id: app.instanceId, type: 'AppInstance', alternateId: app.label, displayName: app.label, detailEntry: null },
    userTarget(person),
  ];
};

/** The System Log's word about a change of posture, by some admin, promptly. Targets are found by type, not by place. */
export const changeStory = (stage: Stage, change: Change): PlannedEvent[] => {
  const admin = stage.random.pick(stage.actors);
  const requirements =
    change.rule !== undefined && change.eventType === 'policy.rule.update'
      ? {
          newPolicyRuleRequirementsJson: JSON.stringify({
            verificationMethod: ruleShapes[change.rule.shape].verificationMethod ?? null,
          }),
        }
      : {};
  const draft: Draft = {
    eventType: change.eventType,
    legacyEventType: null,
    displayMessage: change.displayMessage,
    outcome: success,
    target: toTargets(change),
    requestUri: '/api/v1/admin',
    debugData: { ...requirements, ...(change.factorType === undefined ? {} : { factor: change.factorType }) },
  };
  return [tell(stage, toScene(stage, admin, toUserSessionId(stage)), change.atMs, draft, [], true)];
};
