import fc from 'fast-check';
import type { Facts } from '../../schemas/facts.ts';
import type { Progress } from '../../schemas/progress.ts';
import { dayMs, hourMs, minuteMs, passedMinute, toMinute, toTimestamp } from '../../schemas/time.ts';
import {
  adminAccess,
  clearSessions,
  denyPush,
  denyPushInIdentityEngine,
  event,
  type OktaEvent,
  signIn,
  signOut,
} from './events.ts';
import { factsOf } from './given.ts';

/** A log as it may arrive: events in any order within 48 h of lateness, with duplicates, between progress records. */
export interface Scenario {
  readonly engine: Progress['engine'];
  /** In the order of the log. `restart`: the state is saved after this step and a new fold takes over. */
  readonly steps: readonly { readonly step: Facts | Progress; readonly restart: boolean }[];
  readonly distinctEvents: readonly Facts[];
  /** The T that must have a reading, first and last. */
  readonly firstMinute: number;
  readonly lastMinute: number;
}

const origin = Date.parse('2026-03-01T00:00:00.000Z');
/** When the first progress record is written. What lies before it is the history of the open sessions. */
const first = origin + 8 * dayMs + 30_500;

const revisedMinutes = 2 * 1440;

/** Moments that lie around the edges of windows of one another: that is where counts go wrong. */
const moment = fc
  .record({
    far: fc.constantFrom(0, 5 * dayMs, 7 * dayMs, 7 * dayMs + 8 * hourMs, 8 * dayMs, 8 * dayMs, 9 * dayMs, 10 * dayMs),
    near: fc.constantFrom(0, 0, 8 * hourMs, 16 * hourMs, dayMs),
    edge: fc.oneof(
      fc.constantFrom(-minuteMs, -1, 0, 0, 1, minuteMs - 1, minuteMs),
      fc.integer({ min: -2 * hourMs, max: 2 * hourMs }),
    ),
  })
  .map(({ far, near, edge }) => origin + far + near + edge);

const behaviors = fc.constantFrom(
  undefined,
  undefined,
  '{}',
  '{Velocity=POSITIVE, New IP=NEGATIVE}',
  '{New IP=POSITIVE, Velocity=NEGATIVE}',
  '{a, b=c=UNKNOWN, My velocity=BAD_REQUEST}',
  '{New Device=POSITIVE}',
);

/** One of few ids, so that events meet. */
const kinds: readonly fc.Arbitrary<(atMs: number, uuid: string) => OktaEvent>[] = [
  fc.record({ request: fc.constantFrom('r1', null, 'unknown'), tx: fc.constantFrom('r1', 't1', null), behaviors }).map(
    ({ request, tx, behaviors }) =>
      (atMs: number, uuid: string) =>
        signIn(atMs, behaviors, { uuid, transaction: tx, session: null, debugData: { authnRequestId: request } }),
  ),
  fc.constantFrom('POSITIVE', 'NEGATIVE', 'UNKNOWN').map((result) => (atMs: number, uuid: string) => {
    const userBehaviors = [{ name: 'Velocity', result }];
    return event('user.authentication.verify', atMs, { uuid, transaction: 't1', userBehaviors });
  }),
  fc.constantFrom('POSITIVE', 'NEGATIVE').map((result) => (atMs: number, uuid: string) => {
    const debugData = { logOnlySecurityData: JSON.stringify({ behaviors: { Velocity: result } }) };
    return event('policy.evaluate_sign_on', atMs, { uuid, transaction: 't2', debugData });
  }),
  ...[0, 1].map(() =>
    fc.constantFrom(1, 1, 2, 3).map((session) => (atMs: number, uuid: string) => {
      // A session is one person's, as in Okta.
      return adminAccess(atMs, `102s${session}`, { uuid, actor: `00u${session % 2}` });
    }),
  ),
  ...[0, 1].map(() =>
    fc
      .record({
        session: fc.constantFrom('102s1', '102s1', '102s2', '102s3', 'trs1', null),
        endedSessionId: fc.constantFrom(null, null, '102s1', '102s2'),
      })
      .map(
        ({ session, endedSessionId }) =>
          (atMs: number, uuid: string) =>
            signOut(atMs, session, { uuid, debugData: { endedSessionId } }),
      ),
  ),
  fc.constantFrom('00u0', '00u1').map((user) => (atMs: number, uuid: string) => clearSessions(atMs, user, { uuid })),
  fc.constantFrom('00u0', '00u1', null).map((actor) => (atMs: number, uuid: string) => denyPush(atMs, { uuid, actor })),
  fc
    .constantFrom('OV_RESPONSE_DENY', 'OV_RESPONSE_APPROVE')
    .map(
      (response) => (atMs: number, uuid: string) => denyPushInIdentityEngine(atMs, { uuid, response, actor: '00u1' }),
    ),
];

const arrival = fc.record({
  make: fc.oneof(...kinds),
  atMs: moment,
  /** Which of the possible places in the log it takes, and where its duplicates go. */
  place: fc.nat(),
  duplicates: fc.array(fc.nat(), { maxLength: 2 }),
  restart: fc.integer({ min: 0, max: 9 }).map((number) => number === 0),
});

const pause = fc.record({
  ms: fc.oneof(
    fc.constantFrom(0, 1_000, minuteMs, 30 * minuteMs + 1, 8 * hourMs, dayMs),
    fc.integer({ min: 1, max: 3 * hourMs }),
  ),
  state: fc.constantFrom<Progress['state']>('ok', 'ok', 'ok', 'ok', 'failing'),
  restart: fc.boolean(),
});

const longestRunMs = 54 * hourMs;

export const scenarios = (size: { events: number; pauses: number }): fc.Arbitrary<Scenario> =>
  fc
    .record({
      engine: fc.constantFrom<Progress['engine']>('idx', 'v1', 'unknown'),
      arrivals: fc.array(arrival, { minLength: 1, maxLength: size.events }),
      pauses: fc.array(pause, { minLength: 1, maxLength: size.pauses }),
    })
    .map(({ engine, arrivals, pauses }): Scenario => {
      // The progress records: a source that fails repeats the last asOf. The last one is well, so that all is read.
      const progress: { asOfMs: number; emitting: boolean; state: Progress['state']; restart: boolean }[] = [
        { asOfMs: first, emitting: true, state: 'ok', restart: pauses[0]?.restart ?? false },
      ];
      let asOfMs = first;
      for (const { ms, state, restart } of [...pauses, { ms: minuteMs, state: 'ok' as const, restart: true }]) {
        const before = asOfMs;
        if (state === 'ok' && asOfMs + ms - first <= longestRunMs) asOfMs += ms;
        const emitting = state === 'ok' && passedMinute(asOfMs) > passedMinute(before);
        progress.push({ asOfMs, emitting, state, restart });
      }
      const lastEmitting = progress.findLastIndex(({ emitting }) => emitting);
      const log: { step: Facts | Progress; restart: boolean }[][] = progress.map(() => []);
      const distinctEvents: Facts[] = [];
      arrivals.forEach(({ make, atMs, place, duplicates, restart }, index) => {
        const facts = factsOf(make(atMs, `e${index}`));
        distinctEvents.push(facts);
        // It may come before any emitting record whose readings still reach back to it; the first reads everything.
        const latest = progress.findLastIndex(
          ({ asOfMs, emitting }, at) =>
            at === 0 || (emitting && passedMinute(asOfMs) - revisedMinutes <= toMinute(facts.publishedMs)),
        );
        const slot = place % (Math.min(latest, lastEmitting) + 1);
        for (const at of [slot, ...duplicates.map((number) => slot + (number % (progress.length - slot)))]) {
          const steps = log[at];
          steps?.splice(place % (steps.length + 1), 0, { step: facts, restart });
        }
      });
      const steps = log.flatMap((events, index) => {
        const { asOfMs, state, restart } = progress[index] ?? { asOfMs: first, state: 'ok', restart: false };
        const step: Progress = {
          kind: 'progress',
          asOf: toTimestamp(asOfMs),
          spans: [{ from: toTimestamp(first - dayMs), to: toTimestamp(asOfMs) }],
          state,
          engine,
          scopes: [],
          deadLettered: [],
        };
        return [...events, { step, restart }];
      });
      // The first record comes half a minute before the first whole window, so its T is read early.
      const firstMinute = passedMinute(first);
      return { engine, steps, distinctEvents, firstMinute, lastMinute: passedMinute(asOfMs) };
    });
