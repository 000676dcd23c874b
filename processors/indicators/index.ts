import { adminSessionOutliers } from './admin-session-outliers.ts';
import { appPolicyExceptions } from './app-policy-exceptions.ts';
import { failedMfaPush } from './failed-mfa-push.ts';
import { impossibleTravel } from './impossible-travel.ts';
import { inactiveUsersWithAccess } from './inactive-users-with-access.ts';
import { mfaAdoption } from './mfa-adoption.ts';
import { phishingResistantMfa } from './phishing-resistant-mfa.ts';

export const logIndicators = [impossibleTravel, adminSessionOutliers, failedMfaPush] as const;
export const userIndicators = [mfaAdoption, phishingResistantMfa, inactiveUsersWithAccess] as const;
export const policyIndicators = [appPolicyExceptions] as const;

/** The seven, in the order in which people read them. */
export const indicators = [...userIndicators, ...logIndicators, ...policyIndicators] as const;
