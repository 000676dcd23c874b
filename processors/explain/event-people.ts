import type { BusRecord } from '../../runtime/bus/bus.ts';
import type { Facts } from '../../schemas/facts.ts';

/** What is shown of one event beside what the fold kept: facts hold ids, the event itself the names. */
export interface EventDetail {
  readonly country: string | null;
  readonly actorId: string | null;
  nameOf(userId: string | null): string | null;
}

const longestName = 200;

const textOf = (...values: unknown[]): string | null => {
  const text = values.find((value) => typeof value === 'string' && value !== '');
  return typeof text === 'string' ? text.slice(0, longestName) : null;
};

type Party = { id?: unknown; alternateId?: unknown; displayName?: unknown } | null;

/** The logins of actor and targets by their id; none where the event cannot be read. */
const namesOf = (record: BusRecord): ReadonlyMap<string, string> => {
  const names = new Map<string, string>();
  try {
    const event = JSON.parse(record.value.toString('utf8')) as { actor?: Party; target?: unknown };
    const targets: unknown[] = Array.isArray(event.target) ? event.target : [];
    for (const party of [event.actor, ...targets] as Party[]) {
      const name = textOf(party?.alternateId, party?.displayName);
      if (typeof party?.id === 'string' && name !== null && name !== 'unknown') names.set(party.id, name);
    }
  } catch {}
  return names;
};

export const toEventDetail = (facts: Facts, record: BusRecord): EventDetail => {
  const names = namesOf(record);
  return {
    country: facts.country,
    actorId: facts.actorId,
    nameOf: (userId) => (userId === null ? null : (names.get(userId) ?? null)),
  };
};
