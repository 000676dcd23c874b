import { type OktaUser, oktaUserSchema } from '../schemas/okta/user.ts';
import { cutArray } from './json-array.ts';
import type { OktaClient } from './okta/client.ts';
import { toBodyError } from './okta/okta-error.ts';

export const usersPath = '/api/v1/users';
/** One list for both populations that indicators ask for. 200 is the most that Okta gives with a filter. */
export const usersUrl = `${usersPath}?limit=200&filter=${encodeURIComponent('status eq "ACTIVE" or status eq "SUSPENDED"')}`;

export interface UsersPage {
  readonly users: readonly OktaUser[];
  /** Elements that are no users, with their bytes. */
  readonly unusable: readonly { readonly bytes: Buffer; readonly reason: string }[];
  readonly dateMs: number;
  readonly next: string | undefined;
}

/** Pages of ACTIVE and SUSPENDED users, from the beginning or from a next link. Throws what the client throws. */
export async function* users(options: {
  okta: OktaClient;
  after?: string;
  signal: AbortSignal;
}): AsyncGenerator<UsersPage> {
  let target: string | undefined = options.after ?? usersUrl;
  while (target !== undefined) {
    const response = await options.okta.get(target, { signal: options.signal });
    const cuts = cutArray(response.body);
    if (!Array.isArray(response.json) || cuts === undefined || response.next === target) {
      throw toBodyError({ method: 'GET', path: usersPath }, 'the answer is no page of users', response.requestId);
    }
    const page: OktaUser[] = [];
    const unusable: { bytes: Buffer; reason: string }[] = [];
    for (const [index, value] of (response.json as unknown[]).entries()) {
      const parsed = oktaUserSchema.safeParse(value);
      if (parsed.success) page.push(parsed.data);
      else unusable.push({ bytes: cuts[index] ?? Buffer.alloc(0), reason: 'Not a user: id and status are needed.' });
    }
    yield { users: page, unusable, dateMs: response.dateMs, next: response.next };
    target = response.next;
  }
}
