import { AppError } from '../../runtime/errors.ts';
import { isSlug, slugs } from '../../schemas/slugs.ts';
import { parseTimestamp } from '../../schemas/time.ts';
import { suggest } from '../config/did-you-mean.ts';
import type { LagAnswer } from '../queries/lag.ts';
import type { Queries } from '../queries/queries.ts';

export interface LocalRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

interface Route {
  readonly method: LocalRequest['method'];
  readonly path: RegExp;
  readonly answer: (queries: Queries, request: LocalRequest, argument: string) => Promise<unknown>;
}

const invalid = (message: string, hint: string): AppError => new AppError('usage-invalid', message, { hint });

const orgOf = ({ query }: LocalRequest): string | undefined => query.get('org') ?? undefined;

const momentOf = ({ query }: LocalRequest): number | undefined => {
  const text = query.get('at');
  if (text === null) return undefined;
  const time = parseTimestamp(text);
  if (time === undefined) throw invalid(`${text} is no time.`, 'Give a UTC time such as 2026-03-01T12:00:00Z.');
  return time;
};

const limitOf = ({ query }: LocalRequest): number | undefined => {
  const text = query.get('limit');
  if (text === null) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw invalid(`${text} is no limit.`, 'Give a whole number.');
  return Number(text);
};

const queryTextOf = ({ body }: LocalRequest): string => {
  const { query } = (body ?? {}) as { query?: unknown };
  if (typeof query !== 'string') throw invalid('There is no query.', 'Send {"query": "SELECT 1"}.');
  return query;
};

/** Who answers here is the one process that has the log. */
const asOwner = ({ org, stages }: LagAnswer): LagAnswer => ({
  org,
  stages: stages.map((row) => ({ ...row, owner: { member: `process ${process.pid}`, host: '' } })),
});

const get = (path: RegExp, answer: Route['answer']): Route => ({ method: 'GET', path, answer });
const post = (path: RegExp, answer: Route['answer']): Route => ({ method: 'POST', path, answer });

const routes: readonly Route[] = [
  get(/^\/health$/, async () => ({ ok: true, pid: process.pid })),
  get(/^\/kris$/, (queries, request) => queries.kris(orgOf(request))),
  get(/^\/why\/([^/]+)$/, (queries, request, slug) => {
    if (!isSlug(slug)) throw invalid(`There is no KRI ${slug}.`, suggest(slug, slugs));
    return queries.why({ org: orgOf(request), slug, atMs: momentOf(request), limit: limitOf(request) });
  }),
  get(/^\/runs$/, (queries, request) => queries.runs(orgOf(request))),
  get(/^\/lag$/, async (queries, request) => (await queries.lag(orgOf(request))).map(asOwner)),
  post(/^\/sql$/, (queries, request) => queries.sql(queryTextOf(request))),
  get(/^\/dlq$/, (queries, request) => queries.deadLetters(orgOf(request))),
  get(/^\/dlq\/([^/]+)$/, (queries, request, id) => queries.deadLetter(id, orgOf(request))),
  post(/^\/dlq\/([^/]+)\/redrive$/, (queries, request, id) => queries.redrive(id, orgOf(request))),
];

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid(`${text} is not encoded as a path has to be.`, 'Encode it as a part of a URL.');
  }
};

/** What the running process says to a request: a JSON value. Throws an AppError otherwise. */
export const answerRequest = async (queries: Queries, request: LocalRequest): Promise<unknown> => {
  for (const { method, path, answer } of routes) {
    const found = method === request.method ? path.exec(request.path) : null;
    if (found !== null) return answer(queries, request, decode(found[1] ?? ''));
  }
  throw invalid(`The running process knows no ${request.method} ${request.path}.`, 'Is it of another version?');
};
