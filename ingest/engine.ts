import { oktaOrganizationSchema } from '../schemas/okta/organization.ts';
import type { Engine } from '../schemas/progress.ts';
import type { OktaClient } from './okta/client.ts';

/** Which engine the org runs on, and Okta's time: a public page, so it answers before any credential is tried. */
export const readEngine = async (
  okta: OktaClient,
  signal?: AbortSignal,
): Promise<{ readonly engine: Engine; readonly dateMs: number }> => {
  const response = await okta.get('/.well-known/okta-organization', signal === undefined ? {} : { signal });
  const parsed = oktaOrganizationSchema.safeParse(response.json);
  const pipeline = parsed.success ? parsed.data.pipeline : undefined;
  return { engine: pipeline === 'idx' || pipeline === 'v1' ? pipeline : 'unknown', dateMs: response.dateMs };
};
