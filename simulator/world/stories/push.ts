import { type Draft, type PlannedEvent, type Scene, userTarget } from '../event.ts';
import type { Person } from '../people.ts';
import { farPlaces } from '../places.ts';
import { type Stage, success, tell, toScene, toTransactionId } from './teller.ts';

const sent = (person: Person): Draft => ({
  eventType: 'system.push.send_factor_verify_push',
  legacyEventType: 'core.user.factor.send_push',
  displayMessage: 'Send push notification for factor verification',
  outcome: success,
  target: [userTarget(person)],
});

const engineAnswer = (person: Person, response: string, reason: string | null): Draft => ({
  eventType: 'user.authentication.auth_via_mfa',
  legacyEventType: reason === null ? 'core.user.factor.attempt_success' : 'core.user.factor.attempt_fail',
  displayMessage: 'Authentication of user via MFA',
  severity: reason === null ? 'INFO' : 'WARN',
  outcome: { result: reason === null ? 'SUCCESS' : 'FAILURE', reason },
  target: [userTarget(person)],
  requestUri: '/idp/idx/authenticators/poll',
  credentialType: 'OKTA_VERIFY_PUSH',
  debugData: { factor: 'OKTA_VERIFY_PUSH', pushOnlyResponseType: response },
});

const classicDenial = (person: Person): Draft => ({
  eventType: 'user.mfa.okta_verify.deny_push',
  legacyEventType: 'core.user.factor.okta_verify_deny_push',
  displayMessage: 'User rejected Okta push verify',
  severity: 'WARN',
  outcome: { result: 'FAILURE', reason: null },
  target: [userTarget(person)],
  requestUri: '/api/v1/authn/factors/opf/verify',
});

/** An attacker who has the password lets the phone ring until somebody is tired: each denial is one event. */
export const pushAttack = (
  stage: Stage,
  person: Person,
  atMs: number,
  denials = 2 + stage.random.below(8),
): PlannedEvent[] => {
  const { random } = stage;
  const place = random.pick(farPlaces);
  const address = `${place.network}.${1 + random.below(250)}`;
  const events: PlannedEvent[] = [];
  let now = atMs;
  for (let index = 0; index < denials; index++) {
    const scene: Scene = { ...toScene(stage, person, null), place, address, authnRequestId: toTransactionId(stage) };
    events.push(tell(stage, scene, now, sent(person)));
    now += random.between(4000, 25_000);
    events.push(
      stage.options.engine === 'idx'
        ? tell(stage, scene, now, engineAnswer(person, 'OV_RESPONSE_DENY', 'INVALID_CREDENTIALS'), [
            { kind: 'push_denial_engine', user: person.id },
          ])
        : tell(stage, scene, now, classicDenial(person), [{ kind: 'push_denial_classic', user: person.id }]),
    );
    now += random.between(2000, 15_000);
  }
  return events;
};

/** What looks like a denial and is none. */
export const pushLookAlike = (stage: Stage, person: Person, atMs: number, kind: number): PlannedEvent[] => {
  const scene: Scene = { ...toScene(stage, person, null), authnRequestId: toTransactionId(stage) };
  const outdated: Draft = {
    ...classicDenial(person),
    eventType: 'user.mfa.okta_verify.deny_push_upgrade_needed',
    displayMessage: 'User push verify rejected because the app needs an upgrade',
  };
  const mentions: Draft = {
    eventType: 'user.account.report_suspicious_activity_by_enduser',
    legacyEventType: null,
    displayMessage: 'User report suspicious activity: user.mfa.okta_verify.deny_push',
    severity: 'WARN',
    outcome: success,
    target: [userTarget(person)],
    debugData: { suspiciousActivityEventType: 'user.mfa.okta_verify.deny_push' },
  };
  const drafts = [
    outdated,
    mentions,
    engineAnswer(person, 'OV_RESPONSE_ERROR', 'INVALID_CREDENTIALS'),
    engineAnswer(person, 'OV_RESPONSE_APPROVE', null),
  ];
  const draft = drafts[kind % (stage.options.engine === 'idx' ? 4 : 2)] ?? mentions;
  return [tell(stage, scene, atMs, sent(person)), tell(stage, scene, atMs + 9000, draft)];
};
