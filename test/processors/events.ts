import { dayMs, hourMs, minuteMs, toTimestamp } from '../../schemas/time.ts';

/** T of most examples: a whole minute. */
export const noon = Date.parse('2026-03-10T12:00:00.000Z');

export const ago = (time: { days?: number; hours?: number; minutes?: number; ms?: number }): number =>
  noon - (time.days ?? 0) * dayMs - (time.hours ?? 0) * hourMs - (time.minutes ?? 0) * minuteMs - (time.ms ?? 0);

let made = 0;

export interface EventParts {
  readonly uuid?: string;
  readonly actor?: string | null;
  readonly outcome?: { readonly result: string; readonly reason?: string | null } | null;
  readonly session?: string | null;
  readonly debugData?: Readonly<Record<string, unknown>>;
  readonly userBehaviors?: readonly { readonly id?: string; readonly name: string; readonly result: string }[] | null;
  readonly transaction?: string | null;
  readonly target?: readonly { readonly type: string; readonly id: string }[] | null;
}

/** One System Log event as Okta sends it: null where it knows nothing, texts in debugData, a target that may be null. */
export const event = (eventType: string, atMs: number, parts: EventParts = {}) => {
  made += 1;
  const { actor = '00uada', session = '102-none', transaction = `tx-${made}` } = parts;
  return {
    uuid: parts.uuid ?? `event-${String(made).padStart(6, '0')}`,
    published: toTimestamp(atMs),
    eventType,
    version: '0',
    severity: 'INFO',
    displayMessage: 'made for a test',
    legacyEventType: null,
    actor: { id: actor, type: 'User', alternateId: 'ada@example.org', displayName: 'Ada Example', detailEntry: null },
    client: {
      userAgent: null,
      zone: 'null',
      device: null,
      id: null,
      ipAddress: '192.0.2.7',
      geographicalContext: null,
    },
    authenticationContext: { authenticationStep: 0, externalSessionId: session, rootSessionId: session },
    outcome: parts.outcome === undefined ? { result: 'SUCCESS', reason: null } : parts.outcome,
    securityContext: {
      asNumber: null,
      isProxy: false,
      ...(parts.userBehaviors === undefined ? {} : { userBehaviors: parts.userBehaviors }),
    },
    debugContext: { debugData: { requestUri: '/api/v1/authn', ...parts.debugData } },
    transaction: { type: 'WEB', id: transaction, detail: {} },
    target:
      parts.target === undefined || parts.target === null
        ? null
        : parts.target.map((target) => ({ ...target, alternateId: 'someone', displayName: null, detailEntry: null })),
  };
};

export type OktaEvent = ReturnType<typeof event>;

export const signIn = (atMs: number, behaviors?: unknown, parts: EventParts = {}): OktaEvent =>
  event('user.session.start', atMs, {
    ...parts,
    debugData: { ...(behaviors === undefined ? {} : { behaviors }), ...parts.debugData },
  });

/** Entering the Admin Console: logged each time, so it marks admin access and not the start of a session. */
export const adminAccess = (atMs: number, session: string | null, parts: EventParts = {}): OktaEvent =>
  event('user.session.access_admin_app', atMs, {
    target: [{ type: 'AppInstance', id: '0oaadmin' }],
    ...parts,
    session,
  });

export const signOut = (atMs: number, session: string | null, parts: EventParts = {}): OktaEvent =>
  event('user.session.end', atMs, { ...parts, session });

export const clearSessions = (atMs: number, user: string, parts: EventParts = {}): OktaEvent =>
  event('user.session.clear', atMs, {
    actor: '00uboss',
    session: '102-boss',
    target: [{ type: 'User', id: user }],
    ...parts,
  });

export const denyPush = (atMs: number, parts: EventParts = {}): OktaEvent =>
  event('user.mfa.okta_verify.deny_push', atMs, { outcome: { result: 'DENY' }, ...parts });

/** A denial as Identity Engine logs it. `response` and `result` make look-alikes of it. */
export const denyPushInIdentityEngine = (
  atMs: number,
  parts: EventParts & { readonly response?: string; readonly result?: string } = {},
): OktaEvent =>
  event('user.authentication.auth_via_mfa', atMs, {
    outcome: { result: parts.result ?? 'FAILURE', reason: 'INVALID_CREDENTIALS' },
    ...parts,
    debugData: { factor: 'OKTA_VERIFY_PUSH', pushOnlyResponseType: parts.response ?? 'OV_RESPONSE_DENY' },
  });
