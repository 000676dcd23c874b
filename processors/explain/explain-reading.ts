import type { Bus } from '../../runtime/bus/bus.ts';
import type { Definition, Reading } from '../../schemas/reading.ts';
import type { IndicatorSettings } from '../indicator.ts';
import { indicators } from '../indicators/index.ts';
import type { Evidence, EvidenceItem } from './evidence.ts';
import { explainLog } from './explain-log.ts';
import { explainPolicies } from './explain-policies.ts';
import { explainUsers } from './explain-users.ts';

export interface Explanation {
  /** What the reading counted, what the chosen definition counts first. */
  readonly items: readonly EvidenceItem[];
  /** The sums over the items: a reading's numerator, or of a percentage its denominator without its numerator. */
  readonly counted: Readonly<Record<Definition, number>>;
  /**
   * False when what was found is not what the reading was made of: the topics no longer keep all of it, or rules or
   * settings have changed since.
   */
  readonly matches: boolean;
}

const explain = (bus: Bus, settings: IndicatorSettings, reading: Reading): Promise<Evidence> => {
  const indicator = indicators.find(({ slug }) => slug === reading.slug);
  if (indicator === undefined) throw new Error(`No indicator has the slug ${reading.slug}.`);
  if (indicator.reads === 'okta.system-log') return explainLog({ bus, settings, indicator, reading });
  if (indicator.reads === 'okta.user-snapshots') return explainUsers({ bus, settings, indicator, reading });
  return explainPolicies({ bus, indicator, reading });
};

const rankOf = (item: EvidenceItem, definition: Definition): number =>
  item[definition] ? (item.draxis && item.corrected ? 0 : 1) : 2;

const placeOf = (item: EvidenceItem): string => {
  if (item.kind === 'person') return item.name ?? item.user ?? '';
  return item.kind === 'rule' ? `${item.policy.name ?? item.policy.id}/${item.rule.name ?? item.rule.id}` : '';
};

const timeOf = (item: EvidenceItem): string => ('at' in item ? item.at : '');

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** What counts by both definitions first, then by the chosen one, then by the other; the newest first, or by name. */
const compareItems =
  (definition: Definition) =>
  (a: EvidenceItem, b: EvidenceItem): number =>
    rankOf(a, definition) - rankOf(b, definition) ||
    compareText(timeOf(b), timeOf(a)) ||
    compareText(placeOf(a), placeOf(b));

/**
 * Recomputes what a reading rests on from the topics, by the indicator's own functions and up to the very record that
 * the reading was made at, so that it lists what was counted then and nothing that came later.
 */
export const explainReading = async (options: {
  readonly bus: Bus;
  readonly settings: IndicatorSettings;
  readonly reading: Reading;
  /** The definition that is shown: what it counts comes first. */
  readonly definition: Definition;
}): Promise<Explanation> => {
  const { bus, settings, reading, definition } = options;
  const { items, digest } = await explain(bus, settings, reading);
  const sum = (of: Definition) => items.reduce((total, { counts }) => total + counts[of], 0);
  return {
    items: [...items].sort(compareItems(definition)),
    counted: { draxis: sum('draxis'), corrected: sum('corrected') },
    matches: digest === reading.digest,
  };
};
