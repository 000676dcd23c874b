import { type Sweep, sweepSchema } from '../../schemas/progress.ts';
import { deletedStatus, type PolicySnapshot, policySnapshotSchema } from '../../schemas/snapshots.ts';
import type { StateChanges } from '../state.ts';
import { createSweepBook, isComplete } from './sweep-book.ts';

/** What is known of an org's access policies. */
export interface PolicyDirectory {
  policies(): readonly PolicySnapshot[];
  hasCompleted(): boolean;
  sweep(): Sweep | undefined;
}

/** The fold of `okta.policy-snapshots`; the same rules as the user directory's, with whole policies as its entities. */
export const createPolicyDirectory = (saved: Iterable<readonly [string, unknown]>) => {
  const policies = new Map<string, PolicySnapshot>();
  const sweeps = createSweepBook();
  let changes = new Map<string, unknown>();
  let revision = 0;

  for (const [key, value] of saved) {
    if (key === 'sweep/policies') sweeps.load('policies', value);
    else if (key.startsWith('policy/')) policies.set(key.slice('policy/'.length), value as PolicySnapshot);
  }

  const isAbsent = (policy: PolicySnapshot): boolean =>
    Date.parse(policy.observedAt) < sweeps.completeBeganMs('policies');

  const dropAbsent = (): void => {
    for (const [id, policy] of policies) {
      if (!isAbsent(policy)) continue;
      policies.delete(id);
      changes.set(`policy/${id}`, undefined);
    }
  };

  const directory: PolicyDirectory = {
    policies: () => [...policies.values()].filter(({ status }) => status !== deletedStatus),
    hasCompleted: () => sweeps.hasCompleted('policies'),
    sweep: () => sweeps.current('policies'),
  };

  return {
    directory,
    revision: (): number => revision,
    fold: (value: unknown): void => {
      const kind = (value as { kind?: unknown }).kind;
      if (kind === 'policy') {
        const policy = policySnapshotSchema.parse(value);
        if (isAbsent(policy)) return;
        const known = policies.get(policy.id);
        if (known !== undefined && Date.parse(known.observedAt) > Date.parse(policy.observedAt)) return;
        policies.set(policy.id, policy);
        changes.set(`policy/${policy.id}`, policy);
        revision += 1;
      } else if (kind === 'sweep') {
        const sweep = sweepSchema.parse(value);
        changes.set('sweep/policies', sweeps.fold(sweep));
        revision += 1;
        if (isComplete(sweep)) dropAbsent();
      }
    },
    takeChanges: (): StateChanges => {
      const taken = changes;
      changes = new Map();
      return taken;
    },
  };
};
