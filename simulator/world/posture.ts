import { type App, toApps } from './apps.ts';
import { type Change, createDrift } from './drift.ts';
import { type Factor, toFactor, toInitialFactors } from './factors.ts';
import type { WorldOptions } from './options.ts';
import { type Person, toPerson } from './people.ts';
import { type Policy, type Rule, toInitialPolicies } from './policies.ts';
import { createRandom } from './random.ts';

export type UserStatus =
  | 'STAGED'
  | 'PROVISIONED'
  | 'ACTIVE'
  | 'RECOVERY'
  | 'PASSWORD_EXPIRED'
  | 'LOCKED_OUT'
  | 'SUSPENDED'
  | 'DEPROVISIONED';

export interface UserState {
  person: Person;
  status: UserStatus;
  statusChangedMs: number;
  updatedMs: number;
  factors: readonly Factor[];
  /** Instance ids of the apps on the person's dashboard. */
  apps: readonly string[];
}

/** What one change does to one user. Patches fold in time order, so an injected one does not undo the planned ones. */
export interface UserPatch {
  atMs: number;
  status?: UserStatus;
  /** Replaces all factors; `addFactors` and `removeFactors` come after. */
  factors?: readonly Factor[];
  addFactors?: readonly Factor[];
  removeFactors?: readonly string[];
  apps?: readonly string[];
}

export interface PolicyPatch {
  atMs: number;
  status?: Policy['status'];
  /** Inserted, or put in the place of the rule of the same id. */
  rule?: Rule;
  removeRule?: string;
}

const patchUser = (user: UserState, patch: UserPatch): UserState => {
  const kept = (patch.factors ?? user.factors).filter((factor) => !patch.removeFactors?.includes(factor.id));
  const moved = patch.status !== undefined && patch.status !== user.status;
  return {
    person: user.person,
    status: patch.status ?? user.status,
    statusChangedMs: moved ? patch.atMs : user.statusChangedMs,
    updatedMs: moved ? patch.atMs : user.updatedMs,
    factors: patch.addFactors === undefined ? kept : [...kept, ...patch.addFactors],
    apps: patch.apps ?? user.apps,
  };
};

const patchPolicy = (policy: Policy, patch: PolicyPatch): Policy => {
  const { rule, removeRule } = patch;
  let rules = removeRule === undefined ? policy.rules : policy.rules.filter((known) => known.id !== removeRule);
  if (rule !== undefined) {
    rules = rules.some((known) => known.id === rule.id)
      ? rules.map((known) => (known.id === rule.id ? rule : known))
      : [rule, ...rules];
  }
  return { ...policy, status: patch.status ?? policy.status, rules, updatedMs: patch.atMs };
};

/** An entity as it began and its patches in time order; remembers the last fold, since most reads ask for now. */
const createHistory = <State, Patch extends { atMs: number }>(
  initial: State,
  apply: (state: State, patch: Patch) => State,
) => {
  const patches: Patch[] = [];
  let folded = 0;
  let state = initial;
  return {
    add(patch: Patch): void {
      let place = patches.length;
      while (place > 0 && (patches[place - 1]?.atMs ?? 0) > patch.atMs) place--;
      patches.splice(place, 0, patch);
      if (place < folded) {
        folded = 0;
        state = initial;
      }
    },
    at(ms: number): State {
      if (folded > 0 && (patches[folded - 1]?.atMs ?? 0) > ms) {
        folded = 0;
        state = initial;
      }
      for (let patch = patches[folded]; patch !== undefined && patch.atMs <= ms; patch = patches[folded]) {
        state = apply(state, patch);
        folded++;
      }
      return state;
    },
  };
};

const otherStatuses: readonly UserStatus[] = [
  'STAGED',
  'PROVISIONED',
  'RECOVERY',
  'PASSWORD_EXPIRED',
  'LOCKED_OUT',
  'DEPROVISIONED',
];

/** The index-th person as they were when the world began. One in fourteen is neither ACTIVE nor SUSPENDED. */
const toInitialUser = (options: WorldOptions, originMs: number, apps: readonly App[], index: number): UserState => {
  const random = createRandom(options.seed, 'user', index);
  const createdMs = originMs - (1 + random.below(900)) * 86_400_000 - random.below(86_400_000);
  const stride = Math.max(1, Math.floor(options.users / Math.max(1, options.suspendedUsers)));
  const suspended = index % stride === 0 && Math.floor(index / stride) < options.suspendedUsers;
  const status = suspended ? 'SUSPENDED' : index % 14 === 5 ? random.pick(otherStatuses) : 'ACTIVE';
  const emptied = status === 'SUSPENDED' && random.chance(0.55);
  const chosen = emptied ? [] : apps.filter(() => random.chance(0.4));
  // However small the org, somebody suspended keeps an app and somebody active has a security key.
  const assigned = index === 0 ? apps.slice(0, 2) : chosen;
  const keyHolder = index === 1 ? [toFactor(random, 'webauthn', createdMs)] : [];
  return {
    person: toPerson(options.seed, index, createdMs),
    status,
    statusChangedMs: createdMs + random.below(86_400_000),
    updatedMs: createdMs + 86_400_000,
    factors: [...keyHolder, ...toInitialFactors(random, options.engine === 'idx', createdMs)],
    apps: assigned.map((app) => app.instanceId),
  };
};

export interface Posture {
  apps: readonly App[];
  /** Everybody who existed at that time, by ascending id, in every status. */
  usersAt(ms: number): UserState[];
  userAt(id: string, ms: number): UserState | undefined;
  /** Empty in a Classic org, whose app sign-on policies this API does not show. */
  policiesAt(ms: number): Policy[];
  /** The planned changes of one UTC day (days since the epoch), in time order. */
  changesOfDay(day: number): readonly Change[];
  /** People who were ACTIVE at the beginning: the ones that stories are told about. */
  actors: readonly Person[];
  patchUser(id: string, patch: UserPatch): boolean;
  patchPolicy(id: string, patch: PolicyPatch): boolean;
}

/**
 * Who and what the org consists of at any simulated time: the beginning, plus planned drift (generated day by day, in
 * order), plus what the control API injected. Drift looks only at planned states, so injections do not change it.
 */
export const createPosture = (options: WorldOptions, originMs: number): Posture => {
  const apps = toApps(options.seed);
  const initialUsers = Array.from({ length: options.users }, (_, index) =>
    toInitialUser(options, originMs, apps, index),
  );
  const toUserHistory = (user: UserState) => createHistory<UserState, UserPatch>(user, patchUser);
  const toPolicyHistory = (policy: Policy) => createHistory<Policy, PolicyPatch>(policy, patchPolicy);
  const users = new Map(initialUsers.map((user) => [user.person.id, toUserHistory(user)]));
  const policies = new Map(
    (options.engine === 'idx' ? toInitialPolicies(options.seed, originMs) : []).map((policy) => [
      policy.id,
      toPolicyHistory(policy),
    ]),
  );
  let sortedIds: string[] | undefined;
  const drift = createDrift(
    options,
    originMs,
    apps,
    initialUsers,
    [...policies.values()].map((history) => history.at(originMs)),
  );
  const changesOfDay = new Map<number, Change[]>();
  let nextDay = Math.floor(originMs / 86_400_000);
  const plan = (untilDay: number): void => {
    for (; nextDay <= untilDay; nextDay++) {
      const changes = drift.nextDay(nextDay);
      changesOfDay.set(nextDay, changes);
      for (const change of changes) {
        if (change.newUser !== undefined) {
          users.set(change.newUser.person.id, toUserHistory(change.newUser));
          sortedIds = undefined;
        }
        if (change.user !== undefined) users.get(change.user.id)?.add(change.user.patch);
        if (change.policy !== undefined) policies.get(change.policy.id)?.add(change.policy.patch);
      }
    }
  };
  const planTo = (ms: number) => plan(Math.floor(ms / 86_400_000));
  const existing = (user: UserState | undefined, ms: number) =>
    user !== undefined && user.person.createdMs <= ms ? user : undefined;
  return {
    apps,
    actors: initialUsers.filter((user) => user.status === 'ACTIVE').map((user) => user.person),
    usersAt(ms) {
      planTo(ms);
      sortedIds ??= [...users.keys()].sort();
      return sortedIds.map((id) => existing(users.get(id)?.at(ms), ms)).filter((user) => user !== undefined);
    },
    userAt(id, ms) {
      planTo(ms);
      return existing(users.get(id)?.at(ms), ms);
    },
    policiesAt(ms) {
      planTo(ms);
      return [...policies.values()].map((history) => history.at(ms));
    },
    changesOfDay(day) {
      plan(day);
      return changesOfDay.get(day) ?? [];
    },
    patchUser(id, patch) {
      planTo(patch.atMs);
      users.get(id)?.add(patch);
      return users.has(id);
    },
    patchPolicy(id, patch) {
      policies.get(id)?.add(patch);
      return policies.has(id);
    },
  };
};
