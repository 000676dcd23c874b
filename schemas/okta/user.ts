import { z } from 'zod';

/** One user of GET /api/v1/users. Status stays an open string: Okta has eight today and transitional ones besides. */
export const oktaUserSchema = z.looseObject({
  id: z.string().min(1),
  status: z.string().min(1),
  lastUpdated: z.string().nullish(),
  profile: z.looseObject({ login: z.string().nullish() }).nullish(),
});

export type OktaUser = z.infer<typeof oktaUserSchema>;
