import { AppError, type ErrorCode } from '../runtime/errors.ts';
import { oktaUserSchema } from '../schemas/okta/user.ts';
import { readEngine } from './engine.ts';
import type { OktaClient } from './okta/client.ts';
import { isSourceError } from './run/org-run.ts';
import { logPath } from './system-log.ts';

/** One thing that Kriver reads, and whether it may. */
export interface ConnectionCheck {
  readonly what: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly hint: string;
  /** Why it failed, as the exit code goes by. */
  readonly code?: ErrorCode;
}

const attempts = 2;

const check = async (what: string, work: () => Promise<string>): Promise<ConnectionCheck> => {
  try {
    return { what, ok: true, detail: await work(), hint: '' };
  } catch (error) {
    if (!isSourceError(error)) throw error;
    return { what, ok: false, detail: error.message, hint: error.hint, code: error.code };
  }
};

/**
 * Whether Okta can be reached and read: GET /api/v1/users?limit=1 first, which is what the vendor's own test does, and
 * then, because that proves nothing about the other rights, one small request of every other kind. The first entry is
 * the connection itself; when it fails with a dead token the others are not asked.
 */
export const testConnection = async (okta: OktaClient, signal?: AbortSignal): Promise<readonly ConnectionCheck[]> => {
  const options = { attempts, ...(signal === undefined ? {} : { signal }) };
  const get = (path: string) => okta.get(path, options);
  let userId: string | undefined;
  const connection = await check('connection', async () => {
    const response = await get('/api/v1/users?limit=1');
    const parsed = oktaUserSchema.array().safeParse(response.json);
    if (!parsed.success) {
      throw new AppError('okta-response-invalid', 'GET /api/v1/users: the answer is not a list of users.', {
        hint: 'Check the base URL: this does not look like an Okta org.',
        cause: {},
      });
    }
    userId = parsed.data[0]?.id;
    return `${okta.origin} answers and takes the token`;
  });
  if (!connection.ok) return [connection];
  const checks = [connection, await check('engine', async () => `pipeline ${(await readEngine(okta, signal)).engine}`)];
  const readable = async (path: string): Promise<string> => {
    await get(path);
    return 'readable';
  };
  checks.push(await check('system log', () => readable(`${logPath}?limit=1`)));
  if (userId !== undefined) {
    const user = `/api/v1/users/${encodeURIComponent(userId)}`;
    checks.push(await check('factors', () => readable(`${user}/factors`)));
    checks.push(await check('app links', () => readable(`${user}/appLinks`)));
  }
  checks.push(await check('policies', () => readable('/api/v1/policies?type=ACCESS_POLICY')));
  return checks;
};
