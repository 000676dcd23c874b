import { type Bus, orgOfKey } from '../../runtime/bus/bus.ts';
import { type Progress, progressSchema, type Sweep, type SweepKind, sweepSchema } from '../../schemas/progress.ts';
import { policySnapshotsTopic, userSnapshotsTopic } from '../../schemas/topics.ts';

/** When a user was last seen in the list, and when its details were last read: Okta's Dates, 0 for never. */
export interface KnownUser {
  status: string;
  listedMs: number;
  factorsMs: number;
  applinksMs: number;
}

/** What the snapshot topics say about one org: enough to go on with a sweep where the last process left it. */
export interface Posture {
  readonly users: Map<string, KnownUser>;
  /** Policy id to the time of its observation. */
  readonly policies: Map<string, number>;
  readonly sweeps: Map<SweepKind, Sweep>;
  usersProgress: Progress | undefined;
  policiesProgress: Progress | undefined;
}

export const createPosture = (): Posture => ({
  users: new Map(),
  policies: new Map(),
  sweeps: new Map(),
  usersProgress: undefined,
  policiesProgress: undefined,
});

export const knownUser = (posture: Posture, id: string): KnownUser => {
  let user = posture.users.get(id);
  if (user === undefined) {
    user = { status: '', listedMs: 0, factorsMs: 0, applinksMs: 0 };
    posture.users.set(id, user);
  }
  return user;
};

interface Snapshot {
  readonly kind?: unknown;
  readonly id?: unknown;
  readonly status?: unknown;
  readonly observedAt?: unknown;
}

/** Folds one record of a snapshot topic. Later observations win; records of unknown kinds are of a newer Kriver. */
export const foldPosture = (posture: Posture, topic: string, value: Snapshot): void => {
  if (value.kind === 'progress') {
    const parsed = progressSchema.safeParse(value);
    if (!parsed.success) return;
    if (topic === userSnapshotsTopic.name) posture.usersProgress = parsed.data;
    else posture.policiesProgress = parsed.data;
    return;
  }
  if (value.kind === 'sweep') {
    const parsed = sweepSchema.safeParse(value);
    if (parsed.success) posture.sweeps.set(parsed.data.sweep, parsed.data);
    return;
  }
  const observedMs = typeof value.observedAt === 'string' ? Date.parse(value.observedAt) : Number.NaN;
  if (typeof value.id !== 'string' || Number.isNaN(observedMs)) return;
  if (value.kind === 'policy') {
    posture.policies.set(value.id, Math.max(observedMs, posture.policies.get(value.id) ?? 0));
    return;
  }
  const user = knownUser(posture, value.id);
  if (value.kind === 'user' && observedMs >= user.listedMs) {
    user.status = typeof value.status === 'string' ? value.status : '';
    user.listedMs = observedMs;
  }
  if (value.kind === 'factors') user.factorsMs = Math.max(user.factorsMs, observedMs);
  if (value.kind === 'applinks') user.applinksMs = Math.max(user.applinksMs, observedMs);
};

/** Reads what one partition of the snapshot topics knows about some orgs. */
export const readPosture = async (
  bus: Bus,
  partition: number,
  orgs: Iterable<string>,
): Promise<ReadonlyMap<string, Posture>> => {
  const postures = new Map([...orgs].map((org) => [org, createPosture()]));
  for (const topic of [userSnapshotsTopic.name, policySnapshotsTopic.name]) {
    for await (const records of bus.read(topic, partition, 0)) {
      for (const { key, value } of records) {
        const posture = postures.get(orgOfKey(key));
        if (posture !== undefined && value.length > 0) foldPosture(posture, topic, JSON.parse(value.toString('utf8')));
      }
    }
  }
  return postures;
};
