import { AppError, type ExitCode, exitCodes } from '../../runtime/errors.ts';
import { isSlug, slugs } from '../../schemas/slugs.ts';
import { suggest } from '../config/did-you-mean.ts';
import { type Context, printJson } from '../context.ts';
import type { WhyOptions } from '../handlers.ts';
import { renderWhy } from '../render/why.ts';
import { shownRows } from './table-text.ts';
import { withQueries } from './with-queries.ts';

/** `kriver why`: what a reading counted, to act on. */
export const why = async (options: WhyOptions, context: Context): Promise<ExitCode> => {
  const { slug, org, atMs } = options;
  if (!isSlug(slug)) {
    throw new AppError('usage-invalid', `There is no KRI ${slug}.`, { hint: suggest(slug, slugs) });
  }
  const limit = options.json ? undefined : shownRows;
  const reports = await withQueries(options, context, (queries) => queries.why({ org, slug, atMs, limit }));
  if (options.json) printJson(context, reports);
  else context.out.write(`${reports.map(renderWhy).join('\n\n')}\n`);
  return exitCodes.ok;
};
