import type { App } from './apps.ts';
import { toFactor } from './factors.ts';
import type { WorldOptions } from './options.ts';
import { type Person, toPerson } from './people.ts';
import type { Policy, Rule } from './policies.ts';
import type { PolicyPatch, UserPatch, UserState } from './posture.ts';
import { createRandom, type Random, toOktaId } from './random.ts';
import { type RuleShapeName, ruleShapes } from './rule-shapes.ts';

/** One planned change of posture and what the log will say about it. */
export interface Change {
  atMs: number;
  eventType: string;
  displayMessage: string;
  person?: Person;
  app?: App;
  factorType?: string;
  policyName?: string;
  rule?: Rule;
  newUser?: UserState;
  user?: { id: string; patch: UserPatch };
  policy?: { id: string; patch: PolicyPatch };
  /** False: the change happens and no event tells of it. */
  logged: boolean;
}

type Planned = Omit<Change, 'logged'>;

/**
 * Plans the org's changes day by day. Days must be asked for in order, since each change is drawn from the state that
 * the earlier ones left; the changes of a day are then a function of (seed, day, everything planned before).
 */
export const createDrift = (
  options: WorldOptions,
  originMs: number,
  apps: readonly App[],
  initialUsers: readonly UserState[],
  initialPolicies: readonly Policy[],
) => {
  const users = [...initialUsers];
  const policies = [...initialPolicies];
  let hired = 0;

  const change = (
    place: number,
    patch: UserPatch,
    eventType: string,
    displayMessage: string,
    more: Partial<Planned> = {},
  ): Planned | undefined => {
    const user = users[place];
    if (user === undefined) return undefined;
    users[place] = {
      ...user,
      status: patch.status ?? user.status,
      apps: patch.apps ?? user.apps,
      factors: [
        ...user.factors.filter((factor) => !patch.removeFactors?.includes(factor.id)),
        ...(patch.addFactors ?? []),
      ],
    };
    return {
      atMs: patch.atMs,
      eventType,
      displayMessage,
      person: user.person,
      user: { id: user.person.id, patch },
      ...more,
    };
  };

  const pickWhere = (random: Random, wanted: (user: UserState) => boolean): number => {
    for (let attempt = 0; attempt < 40; attempt++) {
      const place = random.below(users.length);
      const user = users[place];
      if (user !== undefined && wanted(user)) return place;
    }
    return -1;
  };
  const active = (user: UserState) => user.status === 'ACTIVE';

  const suspendOrReturn = (random: Random, atMs: number): Planned | undefined => {
    const suspended = users.filter((user) => user.status === 'SUSPENDED').length;
    if (suspended < options.suspendedUsers || (suspended === options.suspendedUsers && random.chance(0.5))) {
      return change(
        pickWhere(random, active),
        { atMs, status: 'SUSPENDED' },
        'user.lifecycle.suspend',
        'Suspend Okta user',
      );
    }
    const place = pickWhere(random, (user) => user.status === 'SUSPENDED');
    return change(place, { atMs, status: 'ACTIVE' }, 'user.lifecycle.unsuspend', 'Unsuspend Okta user');
  };
  const enrol = (random: Random, atMs: number): Planned | undefined => {
    const kind = random.pick(['push', 'webauthn', 'sms', 'email', 'webauthn', 'question'] as const);
    const factor = toFactor(random, kind, atMs);
    const patch = { atMs, addFactors: [factor] };
    const more = { factorType: kind };
    return change(
      pickWhere(random, (user) => active(user) && user.factors.length < 7),
      patch,
      'user.mfa.factor.activate',
      'Activate factor or authenticator enrollment',
      more,
    );
  };
  const drop = (random: Random, atMs: number): Planned | undefined => {
    const place = pickWhere(random, (user) => active(user) && user.factors.length > 0);
    const factors = users[place]?.factors ?? [];
    const first = factors[0];
    if (first === undefined) return undefined;
    if (random.chance(0.3)) {
      const patch = { atMs, removeFactors: factors.map((factor) => factor.id) };
      return change(place, patch, 'user.mfa.factor.reset_all', 'Reset all factors for user');
    }
    const patch = { atMs, removeFactors: [first.id] };
    return change(place, patch, 'user.mfa.factor.deactivate', 'Reset factor for user', { factorType: first.kind });
  };
  const assign = (random: Random, atMs: number): Planned | undefined => {
    const app = random.pick(apps);
    const place = pickWhere(random, (user) => user.status === 'SUSPENDED' || random.chance(0.2));
    const held = users[place]?.apps ?? [];
    return held.includes(app.instanceId)
      ? change(
          place,
          { atMs, apps: held.filter((id) => id !== app.instanceId) },
          'application.user_membership.remove',
          "Remove user's application membership",
          { app },
        )
      : change(
          place,
          { atMs, apps: [...held, app.instanceId] },
          'application.user_membership.add',
          'Add user to application membership',
          { app },
        );
  };
  const hire = (random: Random, atMs: number): Planned => {
    const person = toPerson(options.seed, options.users + hired++, atMs);
    const newUser: UserState = {
      person,
      status: 'ACTIVE',
      statusChangedMs: atMs,
      updatedMs: atMs,
      factors: random.chance(0.5) ? [toFactor(random, 'email', atMs)] : [],
      apps: [],
    };
    users.push(newUser);
    return { atMs, eventType: 'user.lifecycle.create', displayMessage: 'Create Okta user', person, newUser };
  };
  const leave = (random: Random, atMs: number): Planned | undefined =>
    change(
      pickWhere(random, active),
      { atMs, status: 'DEPROVISIONED', apps: [] },
      'user.lifecycle.deactivate',
      'Deactivate Okta user',
    );

  const editPolicy = (random: Random, atMs: number): Planned | undefined => {
    if (policies.length === 0) return undefined;
    const place = random.below(policies.length);
    const policy = policies[place];
    const rule = policy?.rules[random.below(policy.rules.length)];
    if (policy === undefined || rule === undefined) return undefined;
    const edit = (
      rules: readonly Rule[],
      patch: Omit<PolicyPatch, 'atMs'>,
      eventType: string,
      displayMessage: string,
      subject: Rule,
    ): Planned => {
      policies[place] = { ...policy, rules };
      return {
        atMs,
        eventType,
        displayMessage,
        policyName: policy.name,
        rule: subject,
        policy: { id: policy.id, patch: { atMs, ...patch } },
      };
    };
    const replace = (edited: Rule) => policy.rules.map((known) => (known.id === rule.id ? edited : known));
    const dice = random.below(10);
    if (dice < 2 && policy.rules.length < 12) {
      const shape = random.pick(Object.keys(ruleShapes) as RuleShapeName[]);
      const added: Rule = {
        id: toOktaId(random, 'rul'),
        name: `Exception ${random.below(1000)}`,
        shape,
        status: 'ACTIVE',
        system: false,
        createdMs: atMs,
        updatedMs: atMs,
      };
      return edit([added, ...policy.rules], { rule: added }, 'policy.rule.add', 'Add policy rule', added);
    }
    if (dice < 4 && !rule.system) {
      return edit(
        policy.rules.filter((known) => known.id !== rule.id),
        { removeRule: rule.id },
        'policy.rule.delete',
        'Delete policy rule',
        rule,
      );
    }
    if (dice < 6 && !rule.system) {
      const edited: Rule = { ...rule, status: rule.status === 'ACTIVE' ? 'INACTIVE' : 'ACTIVE', updatedMs: atMs };
      const eventType = edited.status === 'ACTIVE' ? 'policy.rule.activate' : 'policy.rule.deactivate';
      return edit(
        replace(edited),
        { rule: edited },
        eventType,
        `${edited.status === 'ACTIVE' ? 'Activate' : 'Deactivate'} policy rule`,
        edited,
      );
    }
    const edited: Rule = { ...rule, shape: random.pick(Object.keys(ruleShapes) as RuleShapeName[]), updatedMs: atMs };
    return edit(replace(edited), { rule: edited }, 'policy.rule.update', 'Update policy rule', edited);
  };

  const kinds = [
    enrol,
    enrol,
    enrol,
    drop,
    suspendOrReturn,
    suspendOrReturn,
    assign,
    assign,
    hire,
    leave,
    editPolicy,
    editPolicy,
  ];
  return {
    nextDay(day: number): Change[] {
      const random = createRandom(options.seed, 'drift', day);
      const changes: Change[] = [];
      const count = options.rates.changesPerDay;
      for (let index = 0; index < count; index++) {
        const atMs = day * 86_400_000 + Math.floor(((index + random.next()) / count) * 86_400_000);
        const plan = random.pick(kinds);
        const logged = !random.chance(options.rates.silentChangeShare);
        if (atMs < originMs) continue;
        const planned = plan(random, atMs);
        if (planned !== undefined) changes.push({ ...planned, logged });
      }
      return changes;
    },
  };
};
