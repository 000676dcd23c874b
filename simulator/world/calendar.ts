import { createBoundedCache } from './bounded-cache.ts';
import { longestDelayMs, type PlannedEvent } from './event.ts';
import type { Planted } from './labels.ts';
import type { WorldOptions } from './options.ts';
import type { Posture } from './posture.ts';
import { createRandom } from './random.ts';
import { adminSession, adminSessionPlans, longestStoryMs } from './stories/admin-session.ts';
import { changeStory } from './stories/change.ts';
import { eventsPerStory, everydayStory } from './stories/everyday.ts';
import { pushAttack, pushLookAlike } from './stories/push.ts';
import { signIn } from './stories/sign-in.ts';
import type { Stage } from './stories/teller.ts';

const minuteMs = 60_000;
const dayMs = 86_400_000;

/** An event as the log serves it: at its persistence time, or a second time at its repetition. */
export interface Entry {
  persistedMs: number;
  event: PlannedEvent;
  repeated: boolean;
}

/** The events whose stories begin in one minute, or in one day, filed by the minutes that readers ask for. */
interface Batch {
  size: number;
  persisted: Map<number, Entry[]>;
  published: Map<number, PlannedEvent[]>;
}

export const minuteOf = (ms: number): number => Math.floor(ms / minuteMs);

/** Adds to the list of a minute. */
export const file = <Item>(map: Map<number, Item[]>, minute: number, item: Item): void => {
  const items = map.get(minute);
  if (items === undefined) map.set(minute, [item]);
  else items.push(item);
};

const toBatch = (events: readonly PlannedEvent[], originMs: number): Batch => {
  const batch: Batch = { size: events.length, persisted: new Map(), published: new Map() };
  for (const event of events) {
    if (event.publishedMs < originMs) continue;
    file(batch.published, minuteOf(event.publishedMs), event);
    file(batch.persisted, minuteOf(event.persistedMs), { persistedMs: event.persistedMs, event, repeated: false });
    if (event.repeatedMs !== undefined) {
      file(batch.persisted, minuteOf(event.repeatedMs), { persistedMs: event.repeatedMs, event, repeated: true });
    }
  }
  return batch;
};

/** Relative activity by hour of the UTC day; a day sums to 24. */
const activity = [4, 3, 3, 3, 4, 6, 10, 16, 20, 20, 18, 16, 15, 18, 20, 20, 18, 15, 12, 10, 8, 7, 6, 5].map(
  (weight, _, all) => (weight * 24) / all.reduce((sum, each) => sum + each, 0),
);

/** Roughly what a day's planned stories yield; the everyday ones fill up to the wanted volume. */
const toSpecialEvents = ({ rates }: WorldOptions): number =>
  rates.travellersPerDay * 4.5 +
  rates.pushAttacksPerDay * 11 +
  rates.pushLookAlikesPerDay * 2 +
  rates.adminSessionsPerDay * 8 +
  rates.changesPerDay;

/** A whole number with the given mean: its floor, or one more as often as the fraction says, with some spread. */
const toCount = (mean: number, chance: number, spread: number): number =>
  Math.floor(mean * (0.6 + 0.8 * spread) + chance);

export interface Calendar {
  /** What the log serves in one minute (minutes since the epoch), in persistence order; `published` may run backwards. */
  persistedIn(minute: number): readonly Entry[];
  /** What happened in one minute, by (published, uuid), whenever it was persisted. */
  publishedIn(minute: number): readonly PlannedEvent[];
  labelsIn(minute: number): readonly Planted[];
}

/**
 * Every event of the org, generated on demand: a minute is a function of (seed, origin, minute). Ordinary life is
 * planned a minute at a time, long stories a day at a time; a reader of one minute looks back as far as a story or
 * a delay can reach. Caches are bounded, so that months may be addressed without being held.
 */
export const createCalendar = (options: WorldOptions, originMs: number, posture: Posture): Calendar => {
  const { seed, rates, eventsPerDay } = options;
  const { actors, apps } = posture;
  const admins = actors.slice(0, Math.max(4, Math.ceil(actors.length * 0.03)));
  const lookBackMinutes = Math.ceil(longestDelayMs / minuteMs) + 1;
  const lookBackDays = Math.ceil((longestStoryMs + longestDelayMs) / dayMs);
  const storiesPerMinute = Math.max(0, eventsPerDay - toSpecialEvents(options)) / 1440 / eventsPerStory;

  const planMinute = (minute: number): Batch => {
    const stage: Stage = { options, random: createRandom(seed, 'minute', minute), actors, apps };
    const atMs = minute * minuteMs;
    if (atMs < originMs - minuteMs) return toBatch([], originMs);
    const mean = storiesPerMinute * (activity[Math.floor((atMs % dayMs) / 3_600_000)] ?? 1);
    const count = toCount(mean, stage.random.next(), stage.random.next());
    const events: PlannedEvent[] = [];
    for (let index = 0; index < count; index++)
      events.push(...everydayStory(stage, atMs + stage.random.below(minuteMs)));
    return toBatch(events, originMs);
  };

  /** Calls `tell` for each of `count` moments spread over the day: one in every equal part of it. */
  const spread = (
    day: number,
    name: string,
    count: number,
    tell: (stage: Stage, atMs: number, index: number) => PlannedEvent[],
  ): PlannedEvent[] =>
    Array.from({ length: count }, (_, index) => {
      const stage: Stage = { options, random: createRandom(seed, name, day, index), actors, apps };
      return tell(stage, day * dayMs + Math.floor(((index + stage.random.next()) / count) * dayMs), index);
    }).flat();

  const planDay = (day: number): Batch => {
    if ((day + 1) * dayMs <= originMs - longestStoryMs) return toBatch([], originMs);
    const travel = spread(day, 'traveller', rates.travellersPerDay, (stage, atMs, index) => {
      const velocity = index % 7 === 3 ? 'UNKNOWN' : index % 7 === 5 ? 'BAD_REQUEST' : 'POSITIVE';
      const encodings =
        options.engine === 'idx'
          ? (['behaviors', 'logOnly', 'userBehaviors', 'all'] as const)
          : (['behaviors', 'logOnly'] as const);
      return signIn(stage, stage.random.pick(actors), atMs, {
        velocity,
        encoding: encodings[index % encodings.length] ?? 'behaviors',
      });
    });
    const attacks = spread(day, 'push attack', rates.pushAttacksPerDay, (stage, atMs) =>
      pushAttack(stage, stage.random.pick(actors), atMs),
    );
    const lookAlikes = spread(day, 'push look-alike', rates.pushLookAlikesPerDay, (stage, atMs, index) =>
      pushLookAlike(stage, stage.random.pick(actors), atMs, index),
    );
    const sessions = spread(day, 'admin session', rates.adminSessionsPerDay, (stage, atMs, index) => {
      const plan = adminSessionPlans[(day * rates.adminSessionsPerDay + index) % adminSessionPlans.length];
      if (plan === undefined) return [];
      // A session that stays open must not meet a later `user.session.clear` of the same person.
      const open = plan.ending === 'never' || plan.ending === 'otherId';
      const candidates = admins.filter((_, place) =>
        open ? place % 2 === 1 : plan.ending !== 'clear' || place % 2 === 0,
      );
      return adminSession(stage, stage.random.pick(candidates), atMs, plan);
    });
    const changes = posture
      .changesOfDay(day)
      .filter((change) => change.logged)
      .flatMap((change, index) =>
        changeStory({ options, random: createRandom(seed, 'change', day, index), actors, apps }, change),
      );
    return toBatch([...travel, ...attacks, ...lookAlikes, ...sessions, ...changes], originMs);
  };

  const perLookBack = Math.ceil(((eventsPerDay * 2.5) / 1440) * lookBackMinutes);
  const minutes = createBoundedCache<Batch>(Math.max(40_000, perLookBack * 2), (batch) => batch.size);
  const days = createBoundedCache<Batch>(20_000, (batch) => batch.size);
  const labels = createBoundedCache<readonly Planted[]>(600_000, (planted) => planted.length);

  const gather = <Item>(
    minute: number,
    storyMinutes: number,
    choose: (batch: Batch) => Map<number, Item[]>,
  ): Item[] => {
    const found: Item[] = [];
    const today = Math.floor((minute * minuteMs) / dayMs);
    // A session is told from one minute before its start, so tomorrow's first story may begin tonight.
    for (let day = today - lookBackDays; day <= today + 1; day++)
      found.push(...(choose(days.get(day, planDay)).get(minute) ?? []));
    for (let story = minute - storyMinutes; story <= minute; story++)
      found.push(...(choose(minutes.get(story, planMinute)).get(minute) ?? []));
    return found;
  };
  const byPublished = (a: PlannedEvent, b: PlannedEvent) => a.publishedMs - b.publishedMs || (a.uuid < b.uuid ? -1 : 1);
  const publishedIn = (minute: number) => gather(minute, 1, (batch) => batch.published).sort(byPublished);
  return {
    persistedIn: (minute) =>
      gather(minute, lookBackMinutes, (batch) => batch.persisted).sort(
        (a, b) => a.persistedMs - b.persistedMs || (a.event.uuid < b.event.uuid ? -1 : 1),
      ),
    publishedIn,
    labelsIn: (minute) =>
      labels.get(minute, () =>
        publishedIn(minute).flatMap((event) =>
          event.labels.map((label) => ({ ...label, atMs: event.publishedMs, persistedMs: event.persistedMs })),
        ),
      ),
  };
};
