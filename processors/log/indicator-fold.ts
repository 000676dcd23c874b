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

/** `save` is told every group that changes; undefined when it is gone. */
export const createIndicatorFold = (
  indicator: LogIndicator,
  settings: IndicatorSettings,
  save: (key: string, group: Group | undefined) => void,
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
    const gone = new Map(indicator.contributions(key, before).map((entry) => [identityOf(entry), entry]));
    for (const contribution of indicator.contributions(key, group)) {
      if (!gone.delete(identityOf(contribution))) timeline.add(contribution);
    }
    for (const contribution of gone.values()) timeline.remove(contribution);
  };

  return {
    indicator,
    timeline,
    event: (facts) => {
      for (const [key, group] of indicator.fold(groups, facts, settings)) {
        replace(key, group);
        save(key, group);
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
        save(key, kept.length === 0 ? undefined : kept);
      }
    },
  };
};
