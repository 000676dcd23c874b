import { z } from 'zod';

/**
 * One factor of GET /api/v1/users/{id}/factors. factorType, provider and status stay open strings: `signed_nonce` and
 * `claims_provider` are real and missing from Okta's published enum, and strict clients break on them.
 */
export const oktaFactorSchema = z.looseObject({
  id: z.string().nullish(),
  factorType: z.string().min(1),
  provider: z.string().nullish(),
  status: z.string().nullish(),
  lastUpdated: z.string().nullish(),
  _links: z.looseObject({}).nullish(),
});

export type OktaFactor = z.infer<typeof oktaFactorSchema>;
