import type { LogFacts } from '../../schemas/log-facts.ts';
import { minuteToMs, toMinute } from '../../schemas/time.ts';
import type { Group, IndicatorSettings, LogIndicator } from '../indicator.ts';
import { createExpiry } from './expiry.ts';
import { replaceContributions } from './replace-contributions.ts';
import { createTimeline, type Timeline } from './timeline.ts';

/** One indicator's groups of events, and the timeline that derives from them. */
export interface IndicatorFold {
  readonly indicator: LogIndicator;
  readonly timeline: Timeline;
  event(facts: LogFacts): void;
  /** Takes a saved group over. */
  load(key: string, group: Group): void;
  /** Forgets the events that no T from `oldest` on can be about. */
  prune(oldest: number): void;
}

/** `save` is told every group that changes, as it was and as it is; undefined when there was none or it is gone. */
export const createIndicatorFold = (
  indicator: LogIndicator,
  settings: IndicatorSettings,
  save: (key: string, before: Group | undefined, group: Group | undefined) => void,
): IndicatorFold => {
  const groups = new Map<string, Group>();
  const timeline = createTimeline();
  const expiry = createExpiry();

  /** The first T that, as the oldest one still asked about, leaves the group's first event without a use. */
  const expiryOf = (key: string, group: Group): number =>
    toMinute(group[0]?.[0] ?? 0) + indicator.keepMinutes(key, group);

  const replace = (key: string, before: Group | undefined, group: Group): void => {
    groups.set(key, group);
    const expires = expiryOf(key, group);
    if (before === undefined || expiryOf(key, before) !== expires) expiry.add(key, expires);
    if (before === undefined) {
      for (const contribution of indicator.contributions(key, group)) timeline.add(contribution);
      return;
    }
    // Mostly one event was added, at the end or near it.
    const shorter = Math.min(before.length, group.length);
    let from = 0;
    while (from < shorter && before[from] === group[from]) from += 1;
    let after = 0;
    while (after < shorter - from && before[before.length - 1 - after] === group[group.length - 1 - after]) after += 1;
    replaceContributions(
      indicator.contributions(key, before, from, before.length - after),
      indicator.contributions(key, group, from, group.length - after),
      timeline,
    );
  };

  return {
    indicator,
    timeline,
    event: (facts) => {
      for (const [key, group] of indicator.fold(groups, facts, settings)) {
        const before = groups.get(key);
        save(key, before, group);
        replace(key, before, group);
      }
    },
    load: (key, group) => replace(key, groups.get(key), group),
    prune: (oldest) => {
      for (const key of expiry.takeDue(oldest)) {
        const group = groups.get(key);
        if (group === undefined) continue;
        const from = minuteToMs(oldest - indicator.keepMinutes(key, group));
        const kept = group.filter(([timeMs]) => timeMs > from);
        if (kept.length === group.length) continue;
        save(key, group, kept.length === 0 ? undefined : kept);
        if (kept.length === 0) {
          groups.delete(key);
        } else {
          groups.set(key, kept);
          expiry.add(key, expiryOf(key, kept));
        }
      }
    },
  };
};
