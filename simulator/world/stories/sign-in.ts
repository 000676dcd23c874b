import { type BehaviorEncoding, type BehaviorResult, carriesText, evaluate } from '../behaviors.ts';
import { type Draft, type PlannedEvent, type Scene, userTarget } from '../event.ts';
import type { Label } from '../labels.ts';
import type { Person } from '../people.ts';
import { farPlaces, hostileAgent } from '../places.ts';
import { type Stage, success, tell, toScene, toSignOnPolicy, toTransactionId, toUserSessionId } from './teller.ts';

export interface SignInPlan {
  velocity: BehaviorResult | undefined;
  encoding: BehaviorEncoding;
  /** The session it opens; made up when absent. */
  sessionId?: string;
}

/** What most sign-ins look like: behaviours evaluated, nothing found. In v1 the structured array does not occur. */
export const toUsualPlan = (stage: Stage): SignInPlan => {
  const { random } = stage;
  const encoding = random.chance(0.85)
    ? 'behaviors'
    : random.chance(0.6) || stage.options.engine === 'v1'
      ? 'logOnly'
      : 'userBehaviors';
  const velocity = random.chance(0.12)
    ? undefined
    : random.chance(0.96)
      ? 'NEGATIVE'
      : random.pick(['UNKNOWN', 'BAD_REQUEST'] as const);
  return { velocity, encoding };
};

const signOnTarget = (scene: Scene) => {
  const { policyId, ruleId } = toSignOnPolicy(scene.seed);
  return [
    {
      id: policyId,
      type: 'PolicyEntity',
      alternateId: 'unknown',
      displayName: 'Default Policy',
      detailEntry: { policyType: 'OktaSignOn' },
    },
    { id: ruleId, type: 'PolicyRule', alternateId: policyId, displayName: 'Default Rule', detailEntry: null },
  ];
};

const toEvents = (stage: Stage, person: Person): (readonly [offsetMs: number, draft: Draft])[] => {
  const { random, apps } = stage;
  const idx = stage.options.engine === 'idx';
  const app = random.pick(apps);
  const pushed = random.chance(0.5);
  const uri = idx ? '/idp/idx/identify' : '/api/v1/authn';
  const verify: Draft = {
    eventType: 'user.authentication.auth_via_mfa',
    legacyEventType: 'core.user.factor.attempt_success',
    displayMessage: 'Authentication of user via MFA',
    outcome: success,
    target: [userTarget(person)],
    requestUri: idx ? '/idp/idx/authenticators/poll' : '/api/v1/authn/factors/opf/verify',
    credentialType: pushed ? 'OKTA_VERIFY_PUSH' : 'OTP',
    debugData: pushed
      ? { factor: 'OKTA_VERIFY_PUSH', ...(idx ? { pushOnlyResponseType: 'OV_RESPONSE_APPROVE' } : {}) }
      : { factor: 'OKTA_SOFT_TOKEN' },
  };
  return [
    [
      0,
      {
        eventType: 'policy.evaluate_sign_on',
        legacyEventType: null,
        displayMessage: 'Evaluation of sign-on policy',
        outcome: { result: 'CHALLENGE', reason: 'Sign-on policy evaluation resulted in CHALLENGE' },
        target: signOnTarget(toScene(stage, person, null)),
        requestUri: uri,
      },
    ],
    ...(pushed
      ? [
          [
            900,
            {
              eventType: 'system.push.send_factor_verify_push',
              legacyEventType: 'core.user.factor.send_push',
              displayMessage: 'Send push notification for factor verification',
              outcome: success,
              target: [userTarget(person)],
              requestUri: uri,
              behaviors: false,
            },
          ] as const,
        ]
      : []),
    [random.between(3000, 20_000), verify],
    [
      random.between(20_000, 22_000),
      {
        eventType: 'user.session.start',
        legacyEventType: 'core.user_auth.login_success',
        displayMessage: 'User login to Okta',
        outcome: success,
        target: idx ? [userTarget(person, 'AppUser')] : null,
        requestUri: uri,
      },
    ],
    [
      random.between(22_000, 50_000),
      {
        eventType: 'user.authentication.sso',
        legacyEventType: 'app.auth.sso',
        displayMessage: 'User single sign on to app',
        outcome: success,
        target: [
          {
            id: app.instanceId,
            type: 'AppInstance',
            alternateId: app.label,
            displayName: app.label,
            detailEntry: { signOnModeType: 'SAML_2_0' },
          },
          userTarget(person, 'AppUser'),
        ],
        requestUri: `/app/${app.name}/${app.instanceId}/sso/saml`,
        debugData: {
          initiationType: 'IDP_INITIATED',
          signOnMode: 'SAML 2.0',
        },
      },
    ],
  ];
};

/** What ties a sign-in's events together: mostly the authnRequestId, else the transaction, rarely only the session. */
const toIdentity = (stage: Stage): { transactionId: string; authnRequestId?: string } => {
  const dice = stage.random.next();
  if (dice < 0.04) return { transactionId: 'unknown' };
  const transactionId = toTransactionId(stage);
  return dice < 0.1 ? { transactionId } : { transactionId, authnRequestId: toTransactionId(stage) };
};

/**
 * A person signs in: four or five events of one transaction, all of which carry the same behaviours, except that what
 * was evaluated for the log only appears on `policy.evaluate_sign_on`.
 */
export const signIn = (stage: Stage, person: Person, atMs: number, plan: SignInPlan): PlannedEvent[] => {
  const { random } = stage;
  const far = plan.velocity === 'POSITIVE' ? random.pick(farPlaces) : undefined;
  const sessionId = plan.sessionId ?? toUserSessionId(stage);
  const identity = toIdentity(stage);
  const scene: Scene = {
    ...toScene(stage, person, sessionId),
    ...(far === undefined ? {} : { place: far, address: `${far.network}.${1 + random.below(250)}` }),
    ...identity,
    ...(plan.velocity === undefined ? {} : { behaviors: evaluate(random, plan.velocity, plan.encoding) }),
  };
  const signInId =
    identity.authnRequestId ?? (identity.transactionId === 'unknown' ? sessionId : identity.transactionId);
  return toEvents(stage, person).map(([offsetMs, draft]) => {
    const carries = plan.encoding !== 'logOnly' || draft.eventType === 'policy.evaluate_sign_on';
    const shown: Draft = { ...draft, behaviors: carries && draft.behaviors !== false };
    const labels: Label[] = [];
    if (shown.behaviors && carriesText(scene.behaviors)) labels.push({ kind: 'travel_contains' });
    if (shown.behaviors && plan.velocity === 'POSITIVE') labels.push({ kind: 'travel_positive', signIn: signInId });
    return tell(stage, scene, atMs + offsetMs, shown, labels);
  });
};

/** A wrong password: no session, so its id is null, or the word "unknown". */
export const failedSignIn = (stage: Stage, person: Person, atMs: number): PlannedEvent[] => {
  const { random } = stage;
  const plan = toUsualPlan(stage);
  const scene: Scene = {
    ...toScene(stage, person, random.chance(0.8) ? null : 'unknown'),
    ...(random.chance(0.02) ? { agent: hostileAgent } : {}),
    ...(plan.velocity === undefined ? {} : { behaviors: evaluate(random, plan.velocity, 'behaviors') }),
  };
  const draft: Draft = {
    eventType: 'user.session.start',
    legacyEventType: 'core.user_auth.login_failed',
    displayMessage: 'User login to Okta',
    severity: 'WARN',
    outcome: { result: 'FAILURE', reason: 'INVALID_CREDENTIALS' },
    target: null,
  };
  return [tell(stage, scene, atMs, draft, carriesText(scene.behaviors) ? [{ kind: 'travel_contains' }] : [])];
};
