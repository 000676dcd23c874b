import { z } from 'zod';

/** One link of GET /api/v1/users/{id}/appLinks. `id` is the user's; several links may lead to one app instance. */
export const oktaAppLinkSchema = z.looseObject({
  id: z.string().nullish(),
  label: z.string().nullish(),
  appInstanceId: z.string().nullish(),
});

export type OktaAppLink = z.infer<typeof oktaAppLinkSchema>;
