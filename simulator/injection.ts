import type { PlannedEvent } from './world/event.ts';
import type { Label } from './world/labels.ts';
import type { Person } from './world/people.ts';
import { createRandom, toTimedUuid } from './world/random.ts';
import { adminSession, type SessionEnding } from './world/stories/admin-session.ts';
import { pushAttack, pushLookAlike } from './world/stories/push.ts';
import { signIn } from './world/stories/sign-in.ts';
import type { Stage } from './world/stories/teller.ts';
import type { World } from './world/world.ts';

export interface StoryRequest {
  story: 'deny_push' | 'push_look_alike' | 'travel' | 'sign_in' | 'admin_session';
  /** A user's id; a person chosen by the seed without it. */
  user?: string | undefined;
  /** Denials of one attack. */
  count?: number | undefined;
  hours?: number | undefined;
  ending?: SessionEnding | undefined;
  /** When the story's last event happened, in milliseconds; now without it. It is persisted now in any case. */
  atMs?: number | undefined;
}

/** Tells stories on demand: what they tell is persisted at the clock's present, with labels, so the truth knows it. */
export const createInjection = (world: World) => {
  const { options, posture } = world;
  let told = 0;

  const toStage = (): Stage => ({
    options,
    random: createRandom(options.seed, 'injected', options.clock.now(), told++),
    actors: posture.actors,
    apps: posture.apps,
  });

  const admit = (events: readonly PlannedEvent[]): string[] => {
    const persistedMs = options.clock.now();
    for (const event of events) world.inject({ ...event, persistedMs, repeatedMs: undefined });
    return events.map((event) => event.uuid);
  };

  const choose = (stage: Stage, id: string | undefined): Person =>
    (id === undefined ? undefined : posture.userAt(id, options.clock.now())?.person) ?? stage.random.pick(stage.actors);

  const tellStory = (request: StoryRequest, stage: Stage, person: Person): PlannedEvent[] => {
    const endMs = request.atMs ?? options.clock.now();
    switch (request.story) {
      case 'deny_push': {
        const denials = request.count ?? 1;
        return pushAttack(stage, person, endMs - denials * 40_000, denials);
      }
      case 'push_look_alike':
        return pushLookAlike(stage, person, endMs - 10_000, request.count ?? 0);
      case 'travel':
        return signIn(stage, person, endMs - 50_000, { velocity: 'POSITIVE', encoding: 'behaviors' });
      case 'sign_in':
        return signIn(stage, person, endMs - 50_000, { velocity: 'NEGATIVE', encoding: 'behaviors' });
      case 'admin_session': {
        const lengthMs = Math.round((request.hours ?? 9) * 3_600_000);
        return adminSession(stage, person, endMs - lengthMs, { lengthMs, ending: request.ending ?? 'end' });
      }
    }
  };

  return {
    story: (request: StoryRequest): string[] => {
      const stage = toStage();
      return admit(tellStory(request, stage, choose(stage, request.user)));
    },
    /** A hand-written event: an everyday sign-in event with the given properties put over it. */
    event: (partial: Readonly<Record<string, unknown>>, labels: readonly Label[]): string[] => {
      const stage = toStage();
      const nowMs = options.clock.now();
      const publishedMs = typeof partial.published === 'string' ? Date.parse(partial.published) : nowMs;
      if (Number.isNaN(publishedMs)) throw new Error('published is not a date');
      const model = signIn(stage, choose(stage, undefined), publishedMs, {
        velocity: undefined,
        encoding: 'behaviors',
      })[0];
      if (model === undefined) return [];
      const uuid = typeof partial.uuid === 'string' ? partial.uuid : toTimedUuid(stage.random, publishedMs);
      const published = new Date(publishedMs).toISOString();
      const body = JSON.stringify({ ...JSON.parse(model.json()), ...partial, uuid, published });
      const eventType = typeof partial.eventType === 'string' ? partial.eventType : model.eventType;
      return admit([{ ...model, uuid, eventType, publishedMs, labels, json: () => body }]);
    },
    admit,
    toStage,
  };
};

export type Injection = ReturnType<typeof createInjection>;
