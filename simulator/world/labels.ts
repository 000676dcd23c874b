/**
 * What the generator knows about an event because it planted it. The truth is counted from these, never from the
 * event's JSON, so that it cannot share a mistake with the code that it checks.
 */
export type Label =
  /** The `behaviors` text names velocity, with whatever result. */
  | { kind: 'travel_contains' }
  /** Velocity was detected at this sign-in. */
  | { kind: 'travel_positive'; signIn: string }
  | { kind: 'push_denial_classic'; user: string }
  | { kind: 'push_denial_engine'; user: string }
  | { kind: 'admin_access'; session: string; user: string }
  /** `by` tells where the event names the session. */
  | { kind: 'admin_end'; session: string; by: 'externalSessionId' | 'endedSessionId' }
  | { kind: 'admin_clear'; user: string };

/** A label and when its event happened and was persisted. */
export type Planted = Label & { atMs: number; persistedMs: number };
