import type { LogFacts } from '../schemas/log-facts.ts';
import type { Engine } from '../schemas/progress.ts';
import type { Reason } from '../schemas/reading.ts';
import type { Slug } from '../schemas/slugs.ts';
import type { PolicyDirectory } from './posture/policy-directory.ts';
import type { UserDirectory } from './posture/user-directory.ts';

/** What the operator may set about an org's indicators. It changes what counts, so it is part of the saved state. */
export interface IndicatorSettings {
  readonly org: string;
  /** How many ACTIVE users the `draxis` definition samples. */
  readonly userSampleCap: number | 'all';
  /** Names of the org's velocity behaviours, lower case; empty: every name that contains "velocity". */
  readonly velocityNames: readonly string[];
}

/** From which value on a KRI is amber or red. Okta's connector page names none: these defaults are Kriver's own. */
export interface Thresholds {
  readonly warn: number;
  readonly critical: number;
  readonly direction: 'higher-is-worse' | 'lower-is-worse';
}

interface Metadata {
  readonly slug: Slug;
  readonly title: string;
  /** The question that the figure answers, for people. */
  readonly question: string;
  /** What the `corrected` definition does otherwise, in one sentence. */
  readonly difference: string;
  readonly unit: 'percent' | 'count';
  readonly thresholds: Thresholds;
}

/** The outcome of one definition before coverage is known: what is counted, or why it cannot be. */
export interface Outcome {
  readonly numerator: number;
  /** Null for counts; a percentage of 0 people is unknown. */
  readonly denominator: number | null;
  /** Set when the figure means nothing, whatever the numbers say. */
  readonly unknown?: Reason | undefined;
}

/** What one group of related events (a sign-in, a session, a person) adds to which minutes. */
export interface Contribution {
  /** Minutes T with from <= T < to. */
  readonly from: number;
  readonly to: number;
  /** The counters that it raises by one. */
  readonly counters: readonly string[];
  /** `id|class` when it is evidence: class tells the numerators and denominators it is in. */
  readonly evidence?: string;
  /** A figure of which the largest in the window is asked, such as a length in minutes. */
  readonly length?: number;
}

/** The events of one group that matter, as JSON values: this is what is saved and what duplicates are found in. */
export type Group = readonly (readonly [timeMs: number, uuid: string, ...tags: (string | number)[]])[];

export type Groups = Pick<ReadonlyMap<string, Group>, 'get' | 'has'>;

export interface Totals {
  count(counter: string): number;
  /** The largest length of the contributions that hold T, or null. */
  longest(): number | null;
}

export interface LogIndicator extends Metadata {
  readonly reads: 'okta.system-log';
  /** How far before T an event can still matter, by definition: the span that coverage is asked of. */
  readonly windowMinutes: { readonly draxis: number; readonly corrected: number };
  /** How long the events of a group are kept, in minutes before the oldest T that may still be revised. Pure. */
  readonly keepMinutes: (key: string, group: Group) => number;
  /**
   * Types of events that matter even without behaviours and an answer to a push. Those of all other types are not
   * shown to `fold` then: they are the most, and passing them over is what keeps up with a large org.
   */
  readonly plainTypes: readonly string[];
  /**
   * The groups that an event changes, with their new content; none for an event that does not matter or is known.
   * Pure: the groups are read, never changed.
   */
  readonly fold: (
    groups: Groups,
    facts: LogFacts,
    settings: IndicatorSettings,
  ) => readonly (readonly [string, Group])[];
  /** What a person sees as one thing, where groups hold the events otherwise: for explaining a reading. */
  readonly itemOf?: (facts: LogFacts) => string;
  /**
   * What a group adds, from its content alone. Pure. `from`, `to`: two groups are compared that are the same before and
   * after these of their events, so what the others add each by itself may be left out; without them all is given.
   */
  readonly contributions: (key: string, group: Group, from?: number, to?: number) => readonly Contribution[];
  /** Both definitions and the measures at one T, from the totals that hold there. Pure. */
  readonly score: (totals: Totals, context: { readonly engine: Engine }) => Scored;
}

export interface Scored {
  readonly draxis: Outcome;
  readonly corrected: Outcome;
  readonly measures: Readonly<Record<string, number | null>>;
}

/** An outcome of posture, with how much of what it speaks of has been read. */
export interface CoveredOutcome extends Outcome {
  readonly read: number;
  readonly wanted: number;
}

export interface PostureScored {
  readonly draxis: CoveredOutcome;
  readonly corrected: CoveredOutcome;
  readonly measures: Readonly<Record<string, number | null>>;
  /** id -> class, of every entity that is in a numerator or denominator. */
  readonly evidence: ReadonlyMap<string, string>;
}

export interface UserIndicator extends Metadata {
  readonly reads: 'okta.user-snapshots';
  readonly score: (users: UserDirectory, settings: IndicatorSettings) => PostureScored;
}

export interface PolicyIndicator extends Metadata {
  readonly reads: 'okta.policy-snapshots';
  readonly score: (policies: PolicyDirectory, context: { readonly engine: Engine }) => PostureScored;
}

export type Indicator = LogIndicator | UserIndicator | PolicyIndicator;

/** Gives an indicator's file its type; an indicator is metadata and pure functions, nothing more. */
export const defineIndicator = <Kind extends Indicator>(indicator: Kind): Kind => indicator;

/** `1` or `0` for each of: draxis numerator, draxis denominator, corrected numerator, corrected denominator. */
export const toClass = (membership: {
  draxis?: boolean;
  draxisBase?: boolean;
  corrected?: boolean;
  correctedBase?: boolean;
}): string =>
  [membership.draxis, membership.draxisBase, membership.corrected, membership.correctedBase]
    .map((member) => (member ? '1' : '0'))
    .join('');
