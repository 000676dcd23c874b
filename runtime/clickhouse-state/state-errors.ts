import { AppError } from '../errors.ts';

/** One line of what was thrown, of a bounded length: the engine's own words may go on for long. */
const toText = (error: unknown): string =>
  (String(error instanceof Error ? error.message : error).split('\n', 1)[0] ?? '').slice(0, 300);

export const toUnavailable = (what: string, error: unknown): AppError =>
  new AppError('clickhouse-unavailable', `${what}: ${toText(error)}`, {
    hint: 'Check that ClickHouse runs, that `kriver migrate` was run, and what its user may do with processor_state.',
    cause: error,
  });

const unknownTable = '60';

/** The table is not there, so nothing was ever saved. Recognised by its shape, as every answer of the engine is. */
export const isNoTable = (error: unknown): boolean =>
  error instanceof Error && (error as { code?: unknown }).code === unknownTable;

/** An effect on a state that is another process's by now. */
export const toLost = (state: string, why: string): AppError =>
  new AppError('state-invalid', `The state ${state} is not this process's any more: ${why}.`, {
    hint: 'Another process took the partition over, or its topic was made anew. After a restart the newest state is read.',
  });
