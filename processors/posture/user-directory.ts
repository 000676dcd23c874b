import { type Sweep, type SweepKind, sweepSchema } from '../../schemas/progress.ts';
import { toSampleRank } from '../../schemas/sample.ts';
import {
  appLinksSnapshotSchema,
  deletedStatus,
  type Factor,
  factorsSnapshotSchema,
  userSnapshotSchema,
} from '../../schemas/snapshots.ts';
import type { StateChanges } from '../state.ts';
import { createSweepBook, isComplete } from './sweep-book.ts';

export interface Person {
  readonly id: string;
  /** Undefined while the factors have not been read. */
  readonly factors: readonly Pick<Factor, 'factorType' | 'provider' | 'status'>[] | undefined;
  /** How many app links Okta lists; undefined while they have not been read. */
  readonly links: number | undefined;
}

/** What is known of an org's users: the state of every indicator that reads `okta.user-snapshots`. */
export interface UserDirectory {
  /** By ascending sample rank, so that the first K are the sample. */
  withStatus(status: 'ACTIVE' | 'SUSPENDED'): readonly Person[];
  /** True once a sweep of that kind has read everything it wanted. */
  hasCompleted(kind: SweepKind): boolean;
  sweep(kind: SweepKind): Sweep | undefined;
}

type Saved = readonly [observedAtMs: number, ...values: unknown[]];

interface Entry {
  rank: string;
  status?: readonly [observedAtMs: number, status: string];
  factors?: readonly [observedAtMs: number, factors: NonNullable<Person['factors']>];
  links?: readonly [observedAtMs: number, links: number];
}

/** Not listed by a complete sweep: neither ACTIVE nor SUSPENDED any more. */
const absentStatus = 'ABSENT';

/**
 * The fold of `okta.user-snapshots`: the newest observation of each key holds, by the Date of Okta's response, ties by
 * offset. Whoever a complete sweep of the list did not see, and nothing saw since it began, is absent.
 */
export const createUserDirectory = (org: string, saved: Iterable<readonly [string, unknown]>) => {
  const entries = new Map<string, Entry>();
  const sweeps = createSweepBook();
  let changes = new Map<string, unknown>();
  let ranked: [string, Entry][] | undefined;
  let revision = 0;

  const entryOf = (id: string): Entry => {
    let entry = entries.get(id);
    if (entry === undefined) {
      entry = { rank: toSampleRank(org, id) };
      entries.set(id, entry);
      ranked = undefined;
    }
    return entry;
  };

  const put = <Field extends 'status' | 'factors' | 'links'>(
    id: string,
    field: Field,
    value: NonNullable<Entry[Field]>,
  ) => {
    const entry = entryOf(id);
    const known = entry[field];
    if (known !== undefined && known[0] > value[0]) return;
    entry[field] = value;
    changes.set(`${field}/${id}`, value);
    revision += 1;
  };

  const dropAbsent = (beganMs: number): void => {
    for (const [id, entry] of entries) {
      const status = entry.status;
      if (status === undefined || status[0] >= beganMs || status[1] === absentStatus) continue;
      put(id, 'status', [status[0], absentStatus]);
    }
  };

  for (const [key, value] of saved) {
    const slash = key.indexOf('/');
    const [field, id] = [key.slice(0, slash), key.slice(slash + 1)];
    if (field === 'sweep') sweeps.load(id as SweepKind, value);
    else if (field === 'status' || field === 'factors' || field === 'links') {
      Object.assign(entryOf(id), { [field]: value as Saved });
    }
  }

  const directory: UserDirectory = {
    withStatus: (status) => {
      ranked ??= [...entries].sort(([, a], [, b]) => (a.rank < b.rank ? -1 : 1));
      return ranked
        .filter(([, entry]) => entry.status?.[1] === status)
        .map(([id, entry]) => ({ id, factors: entry.factors?.[1], links: entry.links?.[1] }));
    },
    hasCompleted: sweeps.hasCompleted,
    sweep: sweeps.current,
  };

  return {
    directory,
    /** Rises with every change, so that a score of the same state need not be made again. */
    revision: (): number => revision,
    /** One record value of the topic that is no progress record. Values of an unknown kind are ignored. */
    fold: (value: unknown): void => {
      const kind = (value as { kind?: unknown }).kind;
      if (kind === 'user') {
        const user = userSnapshotSchema.parse(value);
        const observedMs = Date.parse(user.observedAt);
        const isAbsent = observedMs < sweeps.completeBeganMs('users');
        put(user.id, 'status', [observedMs, isAbsent ? absentStatus : user.status]);
        if (user.status === deletedStatus) put(user.id, 'factors', [observedMs, []]);
      } else if (kind === 'factors') {
        const { id, observedAt, factors } = factorsSnapshotSchema.parse(value);
        const kept = factors.map(({ factorType, provider, status }) => ({ factorType, provider, status }));
        put(id, 'factors', [Date.parse(observedAt), kept]);
      } else if (kind === 'applinks') {
        const { id, observedAt, links } = appLinksSnapshotSchema.parse(value);
        put(id, 'links', [Date.parse(observedAt), links]);
      } else if (kind === 'sweep') {
        const sweep = sweepSchema.parse(value);
        changes.set(`sweep/${sweep.sweep}`, sweeps.fold(sweep));
        revision += 1;
        if (sweep.sweep === 'users' && isComplete(sweep)) dropAbsent(sweeps.completeBeganMs('users'));
      }
    },
    takeChanges: (): StateChanges => {
      const taken = changes;
      changes = new Map();
      return taken;
    },
  };
};
