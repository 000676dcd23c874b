import type { OktaAppLink } from '../schemas/okta/app-link.ts';
import type { OktaClient } from './okta/client.ts';
import { parseAppLinks } from './to-snapshot.ts';
import { type Detail, readUserDetail } from './user-detail.ts';

/** The app links of one user (GET /api/v1/users/{id}/appLinks), assigned directly and through groups. */
export const readAppLinks = (
  okta: OktaClient,
  userId: string,
  signal?: AbortSignal,
): Promise<Detail<readonly OktaAppLink[]>> =>
  readUserDetail({
    okta,
    userId,
    detail: 'appLinks',
    parse: parseAppLinks,
    ...(signal === undefined ? {} : { signal }),
  });
