import type { Reason } from '../../schemas/reading.ts';
import type { IndicatorSettings } from '../indicator.ts';
import type { Person, UserDirectory } from './user-directory.ts';

/** The ACTIVE users and the sample of them, with whose factors are known. */
export const toPopulation = (users: UserDirectory, settings: IndicatorSettings) => {
  const active = users.withStatus('ACTIVE');
  const sampled = settings.userSampleCap === 'all' ? active : active.slice(0, settings.userSampleCap);
  const isRead = (person: Person) => person.factors !== undefined;
  return { active, sampled, activeRead: active.filter(isRead), sampledRead: sampled.filter(isRead) };
};

/** Why posture of one kind says nothing yet: it may not be read, or it was never read whole. */
export const toSweepReason = (
  users: UserDirectory,
  kind: 'factors' | 'applinks',
  read: number,
  wanted: number,
): Reason | undefined => {
  for (const state of [users.sweep('users')?.state, users.sweep(kind)?.state]) {
    if (state === 'forbidden' || state === 'unauthorised') return state;
  }
  if (!users.hasCompleted('users')) return 'first sweep';
  return wanted > 0 && read === 0 ? 'first sweep' : undefined;
};
