import type { Bus } from '../../runtime/bus/bus.ts';
import { type Run, runKey, runSchema } from '../../schemas/run.ts';
import { runsTopic } from '../../schemas/topics.ts';
import type { OrgConfig } from '../config/config.ts';

/** More are not given: the newest are what people look for, and ClickHouse has them all. */
const mostRuns = 10_000;

const newestFirst = (a: Run, b: Run): number => (a.started < b.started ? 1 : a.started > b.started ? -1 : 0);

/** The runs of some orgs, newest first; of each run the last record. */
export const readRuns = async (bus: Bus, orgs: readonly OrgConfig[]): Promise<readonly Run[]> => {
  const names = new Set(orgs.map(({ name }) => name));
  const runs = new Map<string, Run>();
  for (const partition of new Set(orgs.map(({ name }) => bus.partitionOf(name)))) {
    for await (const records of bus.read(runsTopic.name, partition, 0)) {
      for (const { value } of records) {
        const run = runSchema.parse(JSON.parse(value.toString('utf8')));
        if (names.has(run.org)) runs.set(runKey(run.org, run.id), run);
      }
    }
  }
  return [...runs.values()].sort(newestFirst).slice(0, mostRuns);
};
