import { z } from 'zod';

/** GET /.well-known/okta-organization, no authorisation needed: `pipeline` tells Identity Engine (idx) from Classic (v1). */
export const oktaOrganizationSchema = z.looseObject({ id: z.string().nullish(), pipeline: z.string().nullish() });
