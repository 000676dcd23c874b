import { AppError } from '../../runtime/errors.ts';
import { toTimestamp } from '../../schemas/time.ts';
import type { Queries } from '../queries/queries.ts';
import { askLocalApi, type Question } from './ask.ts';

/** Who has the data directory open and answers for it; undefined when nobody does. */
export const findRunningProcess = async (dataDirectory: string): Promise<{ readonly pid: number } | undefined> => {
  const health = await askLocalApi(dataDirectory, { path: '/health' });
  return health === undefined ? undefined : (health.answer as { pid: number });
};

/** The questions as asked of the running process. Its answers are those of `createQueries`, so their shape is known. */
export const createRemoteQueries = (dataDirectory: string): Queries => {
  const ask = async <Answer>(question: Question): Promise<Answer> => {
    const answered = await askLocalApi(dataDirectory, question);
    if (answered !== undefined) return answered.answer as Answer;
    throw new AppError('directory-in-use', 'The running process stopped before it answered.', { hint: 'Ask again.' });
  };
  const letter = (id: string): string => `/dlq/${encodeURIComponent(id)}`;
  return {
    kris: (org) => ask({ path: '/kris', query: { org } }),
    why: ({ org, slug, atMs, limit }) =>
      ask({
        path: `/why/${slug}`,
        query: { org, at: atMs === undefined ? undefined : toTimestamp(atMs), limit },
      }),
    runs: (org) => ask({ path: '/runs', query: { org } }),
    sql: (query) => ask({ method: 'POST', path: '/sql', body: { query } }),
    deadLetters: (org) => ask({ path: '/dlq', query: { org } }),
    deadLetter: (id, org) => ask({ path: letter(id), query: { org } }),
    redrive: (id, org) => ask({ method: 'POST', path: `${letter(id)}/redrive`, query: { org } }),
    lag: (org) => ask({ path: '/lag', query: { org } }),
  };
};
