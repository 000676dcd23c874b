import { type Draft, type PlannedEvent, type Scene, userTarget } from '../event.ts';
import type { Person } from '../people.ts';
import { toSessionId } from '../random.ts';
import { signIn, toUsualPlan } from './sign-in.ts';
import { type Stage, success, tell, toScene, toUserSessionId } from './teller.ts';

/**
 * How an admin session ends: by sign-out under its own id (`end`, `endTwice`), by a sign-out that names it only in
 * `endedSessionId`, by `user.session.clear` of the person, under another id of the same root (nobody can pair it), or
 * never. `endOnly` has no start; `transient` runs in a throw-away `trs…` session, which never pairs.
 */
export type SessionEnding =
  | 'end'
  | 'endTwice'
  | 'endedSessionId'
  | 'clear'
  | 'otherId'
  | 'never'
  | 'endOnly'
  | 'transient';

export interface AdminSessionPlan {
  lengthMs: number;
  ending: SessionEnding;
  /**
   * How long after the start the Admin Console may still be entered. Up to two hours unless told otherwise, so that of
   * a session of more than a day the batch connector sees the end alone.
   */
  entriesForMs?: number;
}

const minute = 60_000;
const hour = 60 * minute;

/** Twelve plans that take turns; every other one is longer than eight hours. */
export const adminSessionPlans: readonly AdminSessionPlan[] = [
  { lengthMs: 12 * minute, ending: 'end' },
  { lengthMs: 8 * hour + 40 * minute, ending: 'end' },
  { lengthMs: 55 * minute, ending: 'endTwice' },
  { lengthMs: 26 * hour, ending: 'end' },
  { lengthMs: 8 * hour, ending: 'end' },
  { lengthMs: 8 * hour + 1, ending: 'end' },
  { lengthMs: 3 * hour, ending: 'never' },
  { lengthMs: 11 * hour, ending: 'endedSessionId' },
  { lengthMs: 7 * hour + 59 * minute, ending: 'endOnly' },
  { lengthMs: 13 * hour, ending: 'clear' },
  { lengthMs: 9 * hour, ending: 'transient' },
  { lengthMs: 39 * hour, ending: 'endTwice', entriesForMs: 30 * hour },
  { lengthMs: 20 * minute, ending: 'clear' },
  { lengthMs: 9 * hour + 5 * minute, ending: 'endTwice' },
  { lengthMs: 2 * hour, ending: 'endedSessionId' },
  { lengthMs: 12 * hour, ending: 'otherId' },
];

/** The longest of them, with room for the last access: days before this cannot reach into a minute. */
export const longestStoryMs = 42 * hour;

const accessDraft = (person: Person): Draft => ({
  eventType: 'user.session.access_admin_app',
  legacyEventType: 'app.admin.sso.login.success',
  displayMessage: 'User accessing Okta admin app',
  outcome: success,
  target: [
    {
      id: '0oaadminconsole000001',
      type: 'AppInstance',
      alternateId: 'Okta Admin Console',
      displayName: 'Okta Admin Console',
      detailEntry: null,
    },
    userTarget(person, 'AppUser'),
  ],
  requestUri: '/admin/sso/callback',
});

const endDraft: Draft = {
  eventType: 'user.session.end',
  legacyEventType: 'core.user_auth.logout_success',
  displayMessage: 'User logout from Okta',
  outcome: success,
  target: null,
  requestUri: '/login/signout',
};

const clearDraft = (person: Person): Draft => ({
  eventType: 'user.session.clear',
  legacyEventType: 'core.user_auth.session_clear',
  displayMessage: 'Clear user session',
  outcome: success,
  target: [userTarget(person)],
  requestUri: `/api/v1/users/${person.id}/sessions`,
});

const endEvents = (
  stage: Stage,
  scene: Scene,
  person: Person,
  session: string,
  endMs: number,
  ending: SessionEnding,
): PlannedEvent[] => {
  const end = (atMs: number) =>
    tell(stage, scene, atMs, endDraft, [{ kind: 'admin_end', session, by: 'externalSessionId' }]);
  switch (ending) {
    case 'end':
    case 'endOnly':
      return [end(endMs)];
    case 'endTwice':
      return [end(endMs), end(endMs + 1500)];
    case 'endedSessionId': {
      const other: Scene = { ...toScene(stage, person, toUserSessionId(stage)), rootSessionId: session };
      const draft = { ...endDraft, debugData: { endedSessionId: session } };
      return [tell(stage, other, endMs, draft, [{ kind: 'admin_end', session, by: 'endedSessionId' }])];
    }
    case 'clear': {
      const colleague = stage.random.pick(stage.actors);
      return [
        tell(stage, toScene(stage, colleague, toUserSessionId(stage)), endMs, clearDraft(person), [
          { kind: 'admin_clear', user: person.id },
        ]),
      ];
    }
    case 'otherId':
      return [
        tell(stage, { ...toScene(stage, person, toUserSessionId(stage)), rootSessionId: session }, endMs, endDraft),
      ];
    case 'transient':
      return [tell(stage, scene, endMs, endDraft)];
    case 'never':
      return [];
  }
};

/** Signs in, enters the Admin Console several times (each entry is an event; the first is the start), and ends. */
export const adminSession = (stage: Stage, person: Person, startMs: number, plan: AdminSessionPlan): PlannedEvent[] => {
  const { random } = stage;
  const pairs = plan.ending !== 'transient';
  const session = pairs ? toUserSessionId(stage) : toSessionId(random, 'trs');
  const scene = toScene(stage, person, session);
  const endMs = startMs + plan.lengthMs;
  const entriesForMs = Math.min(plan.entriesForMs ?? 2 * hour, plan.lengthMs);
  if (plan.ending === 'endOnly') return endEvents(stage, scene, person, session, endMs, plan.ending);
  const later = Array.from(
    { length: random.below(4) },
    () => startMs + Math.floor(random.between(0.02, 1) * entriesForMs),
  );
  const accesses = [startMs, ...later.sort((a, b) => a - b)].map((atMs) =>
    tell(stage, scene, atMs, accessDraft(person), pairs ? [{ kind: 'admin_access', session, user: person.id }] : []),
  );
  const before = signIn(stage, person, startMs - 60_000, { ...toUsualPlan(stage), sessionId: session });
  return [...before, ...accesses, ...endEvents(stage, scene, person, session, endMs, plan.ending)];
};
