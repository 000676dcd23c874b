import type { Clock } from '../../runtime/clock.ts';

/** Stories a simulated day holds. They are spread over the day, so any 24 hours hold nearly as many. */
export interface Rates {
  /** Sign-ins whose velocity behaviour is POSITIVE, or UNKNOWN or BAD_REQUEST in two of seven. */
  travellersPerDay: number;
  /** Bursts of denied pushes, two to nine denials each. */
  pushAttacksPerDay: number;
  /** Things that look like a denied push and are none. */
  pushLookAlikesPerDay: number;
  adminSessionsPerDay: number;
  /** Changes of posture that the log tells of: enrolments, suspensions, edited rules. */
  changesPerDay: number;
  /** The share of those changes that the log does not tell of (Okta's release notes list such gaps). */
  silentChangeShare: number;
  /** Shares of events that persist late by seconds, by minutes, and by up to an hour. */
  lateSecondsShare: number;
  lateMinutesShare: number;
  lateHourShare: number;
  /** The share of events that is served a second time later on. */
  repeatedShare: number;
}

export interface WorldOptions {
  seed: number | string;
  /** Identity Engine or Classic: what `/.well-known/okta-organization` calls the pipeline. */
  engine: 'idx' | 'v1';
  users: number;
  /** How many of them are SUSPENDED at the beginning. */
  suspendedUsers: number;
  eventsPerDay: number;
  /** When the simulation starts, in milliseconds since the epoch; history lies before it. */
  startMs: number;
  historyHours: number;
  clock: Clock;
  rates: Rates;
}

export const defaultRates: Rates = {
  travellersPerDay: 14,
  pushAttacksPerDay: 6,
  pushLookAlikesPerDay: 8,
  adminSessionsPerDay: 24,
  changesPerDay: 24,
  silentChangeShare: 0,
  lateSecondsShare: 0.03,
  lateMinutesShare: 0.004,
  lateHourShare: 0.0005,
  repeatedShare: 0.004,
};

export type WorldSettings = Partial<Omit<WorldOptions, 'rates' | 'clock'>> & { clock: Clock; rates?: Partial<Rates> };

/** Fills the defaults in; the simulation starts at the clock's time unless told otherwise. */
export const toWorldOptions = (settings: WorldSettings): WorldOptions => {
  const users = settings.users ?? 400;
  if (users < 12) throw new Error('a simulated org needs at least 12 users');
  return {
    seed: settings.seed ?? 1,
    engine: settings.engine ?? 'idx',
    users,
    suspendedUsers: settings.suspendedUsers ?? Math.ceil(users * 0.06),
    eventsPerDay: settings.eventsPerDay ?? 20_000,
    startMs: settings.startMs ?? settings.clock.now(),
    historyHours: settings.historyHours ?? 72,
    clock: settings.clock,
    rates: { ...defaultRates, changesPerDay: Math.min(24, Math.max(4, Math.ceil(users * 0.06))), ...settings.rates },
  };
};
