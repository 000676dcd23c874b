import type { Bus } from '../../runtime/bus/bus.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { StateStore } from '../../runtime/state-store.ts';
import type { DeadLetter } from '../../schemas/dead-letter.ts';
import type { Run } from '../../schemas/run.ts';
import type { SqlResult } from '../../sinks/clickhouse/query.ts';
import type { Config } from '../config/config.ts';
import { type DeadLetterSummary, findDeadLetter, listDeadLetters } from './dead-letters.ts';
import { type KrisAnswer, readKris } from './kris.ts';
import { type LagAnswer, readLocalLag } from './lag.ts';
import { type RedriveResult, redrive } from './redrive.ts';
import { readRuns } from './runs.ts';
import { selectOrg, selectOrgs } from './select-orgs.ts';
import { createSqlRunner } from './sql.ts';
import { explainWhy, type WhyOptions, type WhyReport } from './why.ts';

/**
 * What the commands ask of a data directory. Two implementations: `createQueries` in the process that has the directory,
 * and the local API's client in every other. Answers are JSON values; an org is undefined for all configured ones.
 * All throw `usage-invalid` for an org that is not configured.
 */
export interface Queries {
  kris(org: string | undefined): Promise<readonly KrisAnswer[]>;
  why(options: WhyOptions): Promise<readonly WhyReport[]>;
  /** Newest first. */
  runs(org: string | undefined): Promise<readonly Run[]>;
  /** One read-only statement within the configured limits. */
  sql(query: string): Promise<SqlResult>;
  /** Newest first. */
  deadLetters(org: string | undefined): Promise<readonly DeadLetterSummary[]>;
  /** By the beginning of its id, where that is enough to tell it from all others. */
  deadLetter(id: string, org: string | undefined): Promise<DeadLetter>;
  redrive(id: string, org: string | undefined): Promise<RedriveResult>;
  /** How far behind the stages are with the log of the data directory. */
  lag(org: string | undefined): Promise<readonly LagAnswer[]>;
}

/** The parts of a process that questions are answered from; `Parts` has them all. */
export interface QuerySource {
  readonly config: Config;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly store: StateStore;
}

export const createQueries = (source: QuerySource): Queries & { close(): Promise<void> } => {
  const { config, bus } = source;
  const sql = createSqlRunner(config);
  const lettersOf = (org: string | undefined) => listDeadLetters(bus, selectOrgs(config, org));
  return {
    kris: async (org) => Promise.all(selectOrgs(config, org).map((selected) => readKris(source, selected))),
    why: async (options) => {
      const reports: WhyReport[] = [];
      for (const org of selectOrgs(config, options.org)) reports.push(await explainWhy(source, org, options));
      return reports;
    },
    runs: async (org) => readRuns(bus, selectOrgs(config, org)),
    sql: sql.run,
    deadLetters: async (org) => (await lettersOf(org)).map(({ summary }) => summary),
    deadLetter: async (id, org) => findDeadLetter(await lettersOf(org), id),
    redrive: async (id, org) => {
      const letter = findDeadLetter(await lettersOf(org), id);
      selectOrg(config, letter.org);
      return redrive(bus, letter);
    },
    lag: async (org) =>
      Promise.all(
        selectOrgs(config, org).map((selected) => readLocalLag({ config, bus, now: source.clock.now() }, selected)),
      ),
    close: sql.close,
  };
};
