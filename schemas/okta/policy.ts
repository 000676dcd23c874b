import { z } from 'zod';

/** One policy of GET /api/v1/policies?type=ACCESS_POLICY. */
export const oktaPolicySchema = z.looseObject({
  id: z.string().min(1),
  name: z.string().nullish(),
  type: z.string().nullish(),
  status: z.string().nullish(),
  lastUpdated: z.string().nullish(),
  _embedded: z.looseObject({ resourceType: z.string().nullish() }).nullish(),
});

/** One rule of GET /api/v1/policies/{id}/rules. Only ACCESS_POLICY rules carry actions.appSignOn. */
export const oktaPolicyRuleSchema = z.looseObject({
  id: z.string().min(1),
  name: z.string().nullish(),
  type: z.string().nullish(),
  status: z.string().nullish(),
  system: z.boolean().nullish(),
  priority: z.number().nullish(),
  lastUpdated: z.string().nullish(),
  actions: z
    .looseObject({
      appSignOn: z.looseObject({ access: z.string().nullish(), verificationMethod: z.unknown().optional() }).nullish(),
    })
    .nullish(),
  _links: z.looseObject({}).nullish(),
});

export type OktaPolicy = z.infer<typeof oktaPolicySchema>;
export type OktaPolicyRule = z.infer<typeof oktaPolicyRuleSchema>;
