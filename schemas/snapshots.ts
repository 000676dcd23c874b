import { z } from 'zod';

const observed = {
  observedAt: z.iso
    .datetime({ precision: 3 })
    .describe("Date of Okta's response that this was read from. Orders the versions of one entity and nothing else."),
};

export const deletedStatus = 'DELETED';

export const userSnapshotSchema = z
  .looseObject({
    kind: z.literal('user'),
    id: z.string(),
    status: z.string().describe("Okta's UserStatus, or DELETED after a 404."),
    name: z.string().optional().describe('The login, only where the configuration keeps user names.'),
    lastUpdated: z.string().optional(),
    ...observed,
  })
  .describe('One user as listed.');

export const factorsSnapshotSchema = z
  .looseObject({
    kind: z.literal('factors'),
    id: z.string().describe('The user id.'),
    factors: z.array(
      z.looseObject({
        id: z.string().optional(),
        factorType: z.string(),
        provider: z.string(),
        status: z.string(),
      }),
    ),
    ...observed,
  })
  .describe(
    'All factors that Okta lists for one user, without profiles: no phone numbers, no keys, no e-mail addresses.',
  );

export const appLinksSnapshotSchema = z
  .looseObject({
    kind: z.literal('applinks'),
    id: z.string().describe('The user id.'),
    apps: z.array(z.looseObject({ appInstanceId: z.string(), label: z.string().optional() })),
    links: z.int().describe('How many links Okta listed; several may lead to one app.'),
    ...observed,
  })
  .describe('The app links of one suspended user.');

export const policySnapshotSchema = z
  .looseObject({
    kind: z.literal('policy'),
    id: z.string(),
    name: z.string().optional(),
    status: z.string(),
    resourceType: z
      .string()
      .nullable()
      .describe('_embedded.resourceType: APP, END_USER_ACCOUNT_MANAGEMENT, or absent.'),
    rules: z
      .array(
        z.looseObject({
          id: z.string(),
          name: z.string().optional(),
          status: z.string(),
          system: z.boolean().optional(),
          priority: z.number().nullish(),
          access: z.string().nullable().describe('actions.appSignOn.access'),
          verificationMethod: z
            .unknown()
            .describe('actions.appSignOn.verificationMethod, as Okta gave it; null when missing.'),
        }),
      )
      .describe('Every rule of the policy. A policy whose rules were half read is never written.'),
    ...observed,
  })
  .describe('One ACCESS_POLICY policy with all its rules.');

export type UserSnapshot = z.infer<typeof userSnapshotSchema>;
export type FactorsSnapshot = z.infer<typeof factorsSnapshotSchema>;
export type Factor = FactorsSnapshot['factors'][number];
export type AppLinksSnapshot = z.infer<typeof appLinksSnapshotSchema>;
export type PolicySnapshot = z.infer<typeof policySnapshotSchema>;
export type PolicyRule = PolicySnapshot['rules'][number];

export const userKey = (org: string, userId: string): string => `${org}/user/${userId}`;
export const factorsKey = (org: string, userId: string): string => `${org}/user/${userId}/factors`;
export const appLinksKey = (org: string, userId: string): string => `${org}/user/${userId}/applinks`;
export const policyKey = (org: string, policyId: string): string => `${org}/policy/${policyId}`;
