import { type Draft, type PlannedEvent, type Scene, userTarget } from '../event.ts';
import type { Person } from '../people.ts';
import { scriptAgent } from '../places.ts';
import { toSessionId } from '../random.ts';
import { failedSignIn, signIn, toUsualPlan } from './sign-in.ts';
import { type Stage, success, tell, toScene, toUserSessionId } from './teller.ts';

const openApp = (stage: Stage, person: Person, atMs: number): PlannedEvent[] => {
  const app = stage.random.pick(stage.apps);
  const scene = toScene(stage, person, toUserSessionId(stage));
  const target = [
    {
      id: app.instanceId,
      type: 'AppInstance',
      alternateId: app.label,
      displayName: app.label,
      detailEntry: { signOnModeType: 'OPENID_CONNECT' },
    },
    userTarget(person, 'AppUser'),
  ];
  const sso: Draft = {
    eventType: 'user.authentication.sso',
    legacyEventType: 'app.auth.sso',
    displayMessage: 'User single sign on to app',
    outcome: success,
    target: stage.random.chance(0.6) ? target.slice(0, 1) : target,
    requestUri: `/app/${app.name}/${app.instanceId}/sso/saml`,
    debugData: { initiationType: 'SP_INITIATED', signOnMode: 'OpenID Connect' },
  };
  if (!stage.random.chance(0.2)) return [tell(stage, scene, atMs, sso)];
  const rule: Draft = {
    eventType: 'policy.evaluate_sign_on',
    legacyEventType: null,
    displayMessage: 'Evaluation of sign-on policy',
    outcome: { result: 'ALLOW', reason: 'Sign-on policy evaluation resulted in ALLOW' },
    target: [
      ...target,
      {
        id: app.instanceId,
        type: 'Rule',
        alternateId: 'unknown',
        displayName: 'Catch-all Rule',
        detailEntry: { policyRuleFactorMode: '2FA' },
      },
    ],
    requestUri: sso.requestUri ?? '/',
  };
  return [tell(stage, scene, atMs, rule), tell(stage, scene, atMs + 120, sso)];
};

/** A sign-out; of an ordinary session, so no admin access belongs to it. Now and then after its expiry. */
const signOut = (stage: Stage, person: Person, atMs: number): PlannedEvent[] => {
  const requestUri = stage.random.chance(0.2)
    ? '/login/signout?message=login_page_messages.session_has_expired'
    : '/login/signout';
  const draft: Draft = {
    eventType: 'user.session.end',
    legacyEventType: 'core.user_auth.logout_success',
    displayMessage: 'User logout from Okta',
    outcome: success,
    target: null,
    requestUri,
  };
  return [tell(stage, toScene(stage, person, toUserSessionId(stage)), atMs, draft)];
};

const wrongCode = (stage: Stage, person: Person, atMs: number): PlannedEvent[] => {
  const draft: Draft = {
    eventType: 'user.authentication.auth_via_mfa',
    legacyEventType: 'core.user.factor.attempt_fail',
    displayMessage: 'Authentication of user via MFA',
    severity: 'WARN',
    outcome: { result: 'FAILURE', reason: 'INVALID_CREDENTIALS' },
    target: [userTarget(person)],
    credentialType: 'OTP',
    debugData: { factor: 'OKTA_SOFT_TOKEN' },
  };
  return [tell(stage, toScene(stage, person, null), atMs, draft)];
};

/** A script with an API token: a throw-away `trs…` session. */
const apiCall = (stage: Stage, person: Person, atMs: number): PlannedEvent[] => {
  const scene: Scene = { ...toScene(stage, person, toSessionId(stage.random, 'trs')), agent: scriptAgent };
  const draft: Draft = {
    eventType: 'app.oauth2.token.grant.access_token',
    legacyEventType: null,
    displayMessage: 'OAuth2 access token is granted',
    outcome: success,
    target: [
      {
        id: 'okta.logs.read',
        type: 'access_token',
        alternateId: null,
        displayName: 'Access Token',
        detailEntry: { expires: '3600' },
      },
    ],
    requestUri: '/oauth2/v1/token',
    debugData: { grantType: 'client_credentials', requestedScopes: 'okta.logs.read,okta.users.read' },
  };
  return [tell(stage, scene, atMs, draft)];
};

const systemJob = (stage: Stage, person: Person, atMs: number): PlannedEvent[] => {
  const scene: Scene = { ...toScene(stage, person, null), person: undefined };
  const draft: Draft = {
    eventType: 'system.agent.ad.read_ldap',
    legacyEventType: null,
    displayMessage: 'AD agent read LDAP',
    severity: 'DEBUG',
    outcome: success,
    target: stage.random.chance(0.5) ? null : [userTarget(person)],
  };
  return [tell(stage, scene, atMs, draft)];
};

const rateLimitWarning = (stage: Stage, person: Person, atMs: number): PlannedEvent[] => {
  const scene: Scene = { ...toScene(stage, person, toSessionId(stage.random, 'trs')), agent: scriptAgent };
  const draft: Draft = {
    eventType: 'system.org.rate_limit.warning',
    legacyEventType: 'core.framework.ratelimit.warning',
    displayMessage: 'Rate limit warning',
    severity: 'WARN',
    outcome: null,
    target: null,
    requestUri: '/api/v1/users',
    debugData: { threshold: '300', timeSpan: '1', timeUnit: 'MINUTES', warningPercent: '60', userId: person.id },
  };
  return [tell(stage, scene, atMs, draft)];
};

const usualSignIn = (stage: Stage, person: Person, atMs: number) => signIn(stage, person, atMs, toUsualPlan(stage));

/** Weights in per mille, with about how many events each yields. */
const stories = [
  { weight: 250, tell: usualSignIn },
  { weight: 530, tell: openApp },
  { weight: 60, tell: failedSignIn },
  { weight: 60, tell: signOut },
  { weight: 25, tell: wrongCode },
  { weight: 35, tell: apiCall },
  { weight: 35, tell: systemJob },
  { weight: 5, tell: rateLimitWarning },
] as const;

/** How many events an everyday story yields on average: sign-ins 4.5, opened apps 1.2, the others 1. */
export const eventsPerStory = 0.25 * 4.5 + 0.53 * 1.2 + 0.22;

export const everydayStory = (stage: Stage, atMs: number): PlannedEvent[] => {
  const person = stage.random.pick(stage.actors);
  let dice = stage.random.below(1000);
  for (const story of stories) {
    dice -= story.weight;
    if (dice < 0) return story.tell(stage, person, atMs);
  }
  return [];
};
