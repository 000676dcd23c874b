import { AppError } from '../runtime/errors.ts';
import type { OktaClient } from './okta/client.ts';
import { oktaFailure, toBodyError } from './okta/okta-error.ts';

/** What Okta said about one user: an answer, that there is no such user (any more), or something of no known shape. */
export type Detail<Value> =
  | { readonly kind: 'value'; readonly value: Value; readonly dateMs: number }
  | { readonly kind: 'gone'; readonly dateMs: number }
  | { readonly kind: 'unusable'; readonly dateMs: number; readonly reason: string; readonly bytes: Buffer };

/**
 * GETs a list below one user and follows next links if there are any. 404 means gone; 403 E0000038 is about that
 * user's state and no refusal of the token. Throws what the client throws.
 */
export const readUserDetail = async <Element>(options: {
  okta: OktaClient;
  userId: string;
  detail: 'factors' | 'appLinks';
  parse: (json: unknown) => readonly Element[] | undefined;
  signal?: AbortSignal;
}): Promise<Detail<readonly Element[]>> => {
  const { okta, userId, detail, parse } = options;
  const path = `/api/v1/users/${encodeURIComponent(userId)}/${detail}`;
  const elements: Element[] = [];
  let target: string | undefined = path;
  let dateMs: number | undefined;
  try {
    while (target !== undefined) {
      const response = await okta.get(target, options.signal === undefined ? {} : { signal: options.signal });
      const page = parse(response.json);
      dateMs ??= response.dateMs;
      if (page === undefined) {
        return { kind: 'unusable', dateMs, reason: `Not a list of ${detail}.`, bytes: response.body };
      }
      if (response.next === target) {
        throw toBodyError({ method: 'GET', path }, 'its next link leads to itself', response.requestId);
      }
      elements.push(...page);
      target = response.next;
    }
  } catch (error) {
    const failure = oktaFailure(error);
    const now = okta.dateMs();
    if (now === undefined || !(error instanceof AppError)) throw error;
    if (failure?.status === 404) return { kind: 'gone', dateMs: now };
    if (failure?.errorCode !== 'E0000038') throw error;
    return { kind: 'unusable', dateMs: now, reason: error.message, bytes: Buffer.alloc(0) };
  }
  return { kind: 'value', value: elements, dateMs: dateMs ?? 0 };
};
