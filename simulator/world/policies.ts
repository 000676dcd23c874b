import { createRandom, toOktaId } from './random.ts';
import type { RuleShapeName } from './rule-shapes.ts';

export interface Rule {
  id: string;
  name: string;
  shape: RuleShapeName;
  status: 'ACTIVE' | 'INACTIVE';
  /** Okta's own Catch-all Rule: priority 99, no conditions, cannot be deleted. */
  system: boolean;
  createdMs: number;
  updatedMs: number;
}

export interface Policy {
  id: string;
  name: string;
  status: 'ACTIVE' | 'INACTIVE';
  system: boolean;
  /** The account management policy is of type ACCESS_POLICY too, though it guards no app. */
  resourceType: 'APP' | 'END_USER_ACCOUNT_MANAGEMENT' | undefined;
  createdMs: number;
  updatedMs: number;
  rules: readonly Rule[];
}

interface Outline {
  name: string;
  status?: 'INACTIVE';
  system?: true;
  resourceType?: Policy['resourceType'];
  /** A leading `-` makes the rule INACTIVE. The last is the Catch-all. */
  rules: readonly (RuleShapeName | `-${RuleShapeName}`)[];
}

const outlines: readonly Outline[] = [
  { name: 'Okta Admin Console', resourceType: 'APP', rules: ['twoFactorBound', 'denyTwoFactor'] },
  { name: 'Any two factors', system: true, resourceType: 'APP', rules: ['twoFactor'] },
  {
    name: 'Seamless access based on risk context',
    resourceType: 'APP',
    rules: ['oneFactorVerifiesUser', 'twoFactorEmptyConstraint'],
  },
  { name: 'Password only', resourceType: 'APP', rules: ['oneFactorKnowledge', 'oneFactor'] },
  { name: 'Classic Migrated', rules: ['-oneFactor', 'oneFactorNoConstraints', 'twoFactor'] },
  { name: 'Contractors', resourceType: 'APP', rules: ['chainPassword', 'chainTwoSteps', 'denyOneFactor'] },
  {
    name: 'Passkey first',
    resourceType: 'APP',
    rules: ['chainPasskey', 'chainBranchesStrong', 'oneFactorResistant', 'denyTwoFactor'],
  },
  { name: 'Field staff', resourceType: 'APP', rules: ['chainBranchesWeak', 'oneFactorEitherWay', 'twoFactor'] },
  { name: 'Verified identity', resourceType: 'APP', rules: ['idProofing', '-chainEmail', 'twoFactor'] },
  { name: 'Retired intranet', status: 'INACTIVE', resourceType: 'APP', rules: ['oneFactor', 'chainEmail'] },
  {
    name: 'Okta Account Management Policy',
    resourceType: 'END_USER_ACCOUNT_MANAGEMENT',
    rules: ['oneFactor', 'chainEmail', 'twoFactor'],
  },
  { name: 'Legacy import', rules: ['missing', 'twoFactor'] },
];

/** The access policies an Identity Engine org has when the world begins. */
export const toInitialPolicies = (seed: number | string, originMs: number): Policy[] =>
  outlines.map((outline, index) => {
    const random = createRandom(seed, 'policy', index);
    const createdMs = originMs - (30 + random.below(400)) * 86_400_000;
    return {
      id: toOktaId(random, 'rst'),
      name: outline.name,
      status: outline.status ?? 'ACTIVE',
      system: outline.system ?? false,
      resourceType: outline.resourceType,
      createdMs,
      updatedMs: createdMs,
      rules: outline.rules.map((entry, position) => {
        const last = position === outline.rules.length - 1;
        return {
          id: toOktaId(random, 'rul'),
          name: last ? 'Catch-all Rule' : `${outline.name} ${position + 1}`,
          shape: entry.replace('-', '') as RuleShapeName,
          status: entry.startsWith('-') ? 'INACTIVE' : 'ACTIVE',
          system: last,
          createdMs,
          updatedMs: createdMs,
        } satisfies Rule;
      }),
    };
  });
