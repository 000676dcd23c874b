import { type ExitCode, exitCodes } from '../../runtime/errors.ts';
import { type Context, printJson } from '../context.ts';
import type { OrgOptions } from '../handlers.ts';
import { renderReport } from '../render/report.ts';
import { withQueries } from './with-queries.ts';

/** `kriver kris`: the newest reading of each selected KRI, one document or table an org. */
export const kris = async (options: OrgOptions, context: Context): Promise<ExitCode> => {
  const answers = await withQueries(options, context, (queries) => queries.kris(options.org));
  if (options.json) {
    printJson(
      context,
      answers.map(({ report }) => report),
    );
  } else context.out.write(`${answers.map(({ view }) => renderReport(view)).join('\n\n')}\n`);
  return exitCodes.ok;
};
