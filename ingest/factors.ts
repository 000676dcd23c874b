import type { OktaFactor } from '../schemas/okta/factor.ts';
import type { OktaClient } from './okta/client.ts';
import { parseFactors } from './to-snapshot.ts';
import { type Detail, readUserDetail } from './user-detail.ts';

/**
 * The factors of one user (GET /api/v1/users/{id}/factors). Okta lists only those that the user's enrolment policy
 * asks for or permits, as seen from the caller's own network zone.
 */
export const readFactors = (
  okta: OktaClient,
  userId: string,
  signal?: AbortSignal,
): Promise<Detail<readonly OktaFactor[]>> =>
  readUserDetail({ okta, userId, detail: 'factors', parse: parseFactors, ...(signal === undefined ? {} : { signal }) });
