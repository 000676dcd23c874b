import { AppError } from '../runtime/errors.ts';
import type { BusConfig } from './config/config.ts';

/** The parts of Kriver that can run as processes of their own. */
export const stageNames = ['ingest', 'processors', 'sinks'] as const;

export type Stage = (typeof stageNames)[number];

/**
 * The stages that a process runs: those asked for, else all of them. Throws `usage-invalid` for a choice where the bus is
 * a directory of this machine, which one process has to itself.
 */
export const toStages = (asked: readonly Stage[] | undefined, bus: BusConfig): readonly Stage[] => {
  if (asked === undefined) return stageNames;
  if (bus.kind === 'kafka') return asked;
  throw new AppError(
    'usage-invalid',
    '--stage divides the work among processes, but the log is a directory that only one can open.',
    {
      hint: 'Leave --stage out: one process then does everything. To run stages apart, set bus.kind: kafka and bus.brokers, and clickhouse.kind: server.',
    },
  );
};
