import { type ExitCode, exitCodes } from '../../runtime/errors.ts';
import type { Run } from '../../schemas/run.ts';
import { type Context, printJson } from '../context.ts';
import type { OrgOptions } from '../handlers.ts';
import { formatCount } from '../render/quantities.ts';
import { printTable } from '../render/table.ts';
import { shownRows, toRowsLine, toShownTime } from './table-text.ts';
import { withQueries } from './with-queries.ts';

const fetchedText = (run: Run): string =>
  Object.entries(run.fetched)
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${formatCount(count)} ${kind}`)
    .join(', ');

const toRow = (run: Run): string[] => [
  run.id.slice(0, 12),
  run.org,
  run.trigger,
  toShownTime(run.started),
  run.ended === null ? 'running' : toShownTime(run.ended),
  String(run.rowsWritten),
  String(run.rowsSkipped),
  fetchedText(run),
  run.error ?? '',
];

/** `kriver runs`: what Kriver did and when, newest first. */
export const runs = async (options: OrgOptions, context: Context): Promise<ExitCode> => {
  const found = await withQueries(options, context, (queries) => queries.runs(options.org));
  if (options.json) printJson(context, found);
  else if (found.length === 0) context.out.write('There were no runs yet.\n');
  else {
    const table = printTable(
      [
        { title: 'Run' },
        { title: 'Org', maximum: 24 },
        { title: 'Trigger' },
        { title: 'Started (UTC)' },
        { title: 'Ended (UTC)' },
        { title: 'Written', align: 'right' },
        { title: 'Skipped', align: 'right' },
        { title: 'Fetched', maximum: 60 },
        { title: 'Error', maximum: 80 },
      ],
      found.slice(0, shownRows).map(toRow),
    );
    context.out.write(`${table}\n${toRowsLine(found.length, 'runs')}`);
  }
  return exitCodes.ok;
};
