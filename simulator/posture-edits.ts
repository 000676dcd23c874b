import type { Injection } from './injection.ts';
import type { Change } from './world/drift.ts';
import { type FactorKind, type FactorStatus, toFactor } from './world/factors.ts';
import type { Rule } from './world/policies.ts';
import type { UserStatus } from './world/posture.ts';
import type { RuleShapeName } from './world/rule-shapes.ts';
import { changeStory } from './world/stories/change.ts';
import type { World } from './world/world.ts';

export interface UserEdit {
  status?: UserStatus | undefined;
  /** Replaces the person's factors. */
  factors?: readonly { kind: FactorKind; status?: FactorStatus | undefined }[] | undefined;
  /** Replaces the person's apps: labels or instance ids of the org's apps. */
  apps?: readonly string[] | undefined;
  /** False: the change happens and the log does not tell of it. */
  log?: boolean | undefined;
}

export interface RuleEdit {
  status?: Rule['status'] | undefined;
  shape?: RuleShapeName | undefined;
  remove?: boolean | undefined;
  log?: boolean | undefined;
}

const lifecycles: Readonly<Partial<Record<UserStatus, readonly [string, string]>>> = {
  SUSPENDED: ['user.lifecycle.suspend', 'Suspend Okta user'],
  DEPROVISIONED: ['user.lifecycle.deactivate', 'Deactivate Okta user'],
  LOCKED_OUT: ['user.account.lock', 'Max sign in attempts exceeded'],
};

/** Changes people and rules by hand, as of the clock's present, with the log events that Okta would write. */
export const createPostureEdits = (world: World, injection: Injection) => {
  const { posture, options } = world;
  const say = (change: Omit<Change, 'logged' | 'atMs'>, log = true): string[] =>
    log
      ? injection.admit(changeStory(injection.toStage(), { ...change, atMs: options.clock.now(), logged: true }))
      : [];

  return {
    /** The uuids of the events that tell of it; undefined when nobody has that id. */
    user(id: string, edit: UserEdit): string[] | undefined {
      const atMs = options.clock.now();
      const before = posture.userAt(id, atMs);
      if (before === undefined) return undefined;
      const { person } = before;
      const { random } = injection.toStage();
      const apps =
        edit.apps &&
        posture.apps.filter((app) => edit.apps?.includes(app.label) || edit.apps?.includes(app.instanceId));
      posture.patchUser(id, {
        atMs,
        ...(edit.status === undefined ? {} : { status: edit.status }),
        ...(edit.factors === undefined
          ? {}
          : { factors: edit.factors.map((factor) => toFactor(random, factor.kind, atMs, factor.status ?? 'ACTIVE')) }),
        ...(apps === undefined ? {} : { apps: apps.map((app) => app.instanceId) }),
      });
      const uuids: string[] = [];
      if (edit.status !== undefined && edit.status !== before.status) {
        const back = before.status === 'SUSPENDED' ? 'user.lifecycle.unsuspend' : 'user.lifecycle.activate';
        const [eventType, displayMessage] = lifecycles[edit.status] ?? [back, 'Activate Okta user'];
        uuids.push(...say({ eventType, displayMessage, person }, edit.log));
      }
      if (edit.factors !== undefined) {
        const eventType = edit.factors.length === 0 ? 'user.mfa.factor.reset_all' : 'user.mfa.factor.activate';
        uuids.push(
          ...say({ eventType, displayMessage: 'Activate factor or authenticator enrollment', person }, edit.log),
        );
      }
      if (apps !== undefined) {
        const eventType = apps.length === 0 ? 'application.user_membership.remove' : 'application.user_membership.add';
        const app = apps[0] ?? posture.apps[0];
        uuids.push(
          ...say(
            { eventType, displayMessage: "Change user's application membership", person, ...(app && { app }) },
            edit.log,
          ),
        );
      }
      return uuids;
    },
    rule(policyId: string, ruleId: string, edit: RuleEdit): string[] | undefined {
      const atMs = options.clock.now();
      const policy = posture.policiesAt(atMs).find((known) => known.id === policyId);
      const rule = policy?.rules.find((known) => known.id === ruleId);
      if (policy === undefined || rule === undefined) return undefined;
      const edited: Rule = {
        ...rule,
        status: edit.status ?? rule.status,
        shape: edit.shape ?? rule.shape,
        updatedMs: atMs,
      };
      const patch = edit.remove ? { atMs, removeRule: ruleId } : { atMs, rule: edited };
      posture.patchPolicy(policyId, patch);
      const eventType = edit.remove ? 'policy.rule.delete' : 'policy.rule.update';
      const displayMessage = edit.remove ? 'Delete policy rule' : 'Update policy rule';
      return say(
        { eventType, displayMessage, policyName: policy.name, rule: edited, policy: { id: policyId, patch } },
        edit.log,
      );
    },
    policy(policyId: string, status: 'ACTIVE' | 'INACTIVE', log?: boolean): string[] | undefined {
      const atMs = options.clock.now();
      const policy = posture.policiesAt(atMs).find((known) => known.id === policyId);
      if (policy === undefined) return undefined;
      const patch = { atMs, status };
      posture.patchPolicy(policyId, patch);
      const eventType = status === 'ACTIVE' ? 'policy.lifecycle.activate' : 'policy.lifecycle.deactivate';
      const rule = policy.rules[0];
      return say(
        {
          eventType,
          displayMessage: `${status} policy`,
          policyName: policy.name,
          ...(rule && { rule }),
          policy: { id: policyId, patch },
        },
        log,
      );
    },
  };
};
