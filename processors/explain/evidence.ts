/**
 * Everything that is listed says how much it adds to the figure by each definition. Of the two percentages these are
 * the people who are missing from the numerator, since they are what to act on.
 */
interface Counted {
  /** Whether it counts by each definition. */
  readonly draxis: boolean;
  readonly corrected: boolean;
  /** How often: the draxis rule counts events where the corrected one counts what they belong to. */
  readonly counts: { readonly draxis: number; readonly corrected: number };
}

/** Who did it, or to whom it happened. Names are those of the events themselves, or of snapshots that keep them. */
interface Someone {
  /** Okta's user id; null when the event names nobody. */
  readonly user: string | null;
  readonly name: string | null;
}

/** Events of one sign-in with a velocity behaviour. */
export interface SignInItem extends Counted, Someone {
  readonly kind: 'sign-in';
  /** The newest event; all times ascending, as their uuids are. */
  readonly at: string;
  readonly times: readonly string[];
  readonly uuids: readonly string[];
  readonly countries: readonly string[];
  /** The worst result of its events: `positive` is what Okta calls an anomaly; `none`: listed without a result. */
  readonly result: 'positive' | 'negative' | 'unknown' | 'none';
}

/** The denied pushes of one person. */
export interface DenialsItem extends Counted, Someone {
  readonly kind: 'denials';
  readonly at: string;
  readonly times: readonly string[];
  readonly uuids: readonly string[];
  readonly count: number;
  readonly countries: readonly string[];
}

export interface SessionItem extends Counted, Someone {
  readonly kind: 'session';
  readonly at: string;
  readonly session: string;
  readonly start: string;
  readonly end: string;
  /** One decimal, rounded down. */
  readonly hours: number;
  /** `end`: signed out; `ended`: ended from another session; `clear`: cleared by an administrator or the system. */
  readonly ended: 'end' | 'ended' | 'clear';
  readonly uuids: readonly string[];
}

export interface PersonItem extends Counted, Someone {
  readonly kind: 'person';
  /** Types of their factors, with the status where it is not ACTIVE. */
  readonly factors: readonly string[];
  /** Labels of the apps that they hold; of suspended users only. */
  readonly apps: readonly string[];
}

export interface RuleItem extends Counted {
  readonly kind: 'rule';
  readonly policy: { readonly id: string; readonly name: string | null };
  readonly rule: { readonly id: string; readonly name: string | null };
  /** What the rule demands, in words. */
  readonly demands: string;
  /** Why it counts, and where only one definition counts it, why the other does not. */
  readonly why: string;
}

export type EvidenceItem = SignInItem | DenialsItem | SessionItem | PersonItem | RuleItem;

export interface Evidence {
  readonly items: readonly EvidenceItem[];
  /** The digest of the evidence, as a reading has it. */
  readonly digest: string;
}

export const toCounted = (draxis: number, corrected: number): Counted => ({
  draxis: draxis > 0,
  corrected: corrected > 0,
  counts: { draxis, corrected },
});
