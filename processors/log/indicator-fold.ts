import type { Facts } from '../../schemas/facts.ts';
import { minuteToMs } from '../../schemas/time.ts';
import type { Contribution, Group, IndicatorSettings, LogIndicator } from '../indicator.ts';
import { createTimeline, type Timeline } from './timeline.ts';

const identityOf = (contribution: Contribution): string =>
  `${contribution.from}|${contribution.to}|${contribution.counters.join()}|${contribution.evidence}|${contribution.length}`;

/** One indicator's groups of events, and the timeline that derives from them. */
export interface IndicatorFold {
  readonly indicator: LogIndicator;
  readonly timeline: Timeline;
  event(facts: Facts): void;
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

  const replace = (key: string, group: Group): void => {
    const before = groups.get(key);
    groups.set(key, group);
    if (before === undefined) {
      for (const contribution of indicator.contributions(key, group)) timeline.add(contribution);
      return;
    }
    // By identity, and several where they are alike: two short sessions may add the same to the same minutes.
    const gone = new Map<string, Contribution[]>();
    for (const contribution of indicator.contributions(key, before)) {
      const identity = identityOf(contribution);
      const alike = gone.get(identity);
      if (alike === undefined) gone.set(identity, [contribution]);
      else alike.push(contribution);
    }
    for (const contribution of indicator.contributions(key, group)) {
      if (gone.get(identityOf(contribution))?.pop() === undefined) timeline.add(contribution);
    }
    for (const alike of gone.values()) for (const contribution of alike) timeline.remove(contribution);
  };

  return {
    indicator,
    timeline,
    event: (facts) => {
      for (const [key, group] of indicator.fold(groups, facts, settings)) {
        save(key, groups.get(key), group);
        replace(key, group);
      }
    },
    load: replace,
    prune: (oldest) => {
      for (const [key, group] of groups) {
        const from = minuteToMs(oldest - indicator.keepMinutes(key, group));
        const kept = group.filter(([timeMs]) => timeMs > from);
        if (kept.length === group.length) continue;
        if (kept.length === 0) groups.delete(key);
        else groups.set(key, kept);
        save(key, group, kept.length === 0 ? undefined : kept);
      }
    },
  };
};
