import { performance } from 'node:perf_hooks';
import { runProcessors } from '../../../processors/run-processors.ts';
import { topicFolds } from '../../../processors/topic-folds.ts';
import type { Bus } from '../../../runtime/bus/bus.ts';
import { readState } from '../../../runtime/clickhouse-state/state-table.ts';
import type { StateStore } from '../../../runtime/state-store.ts';
import { readingsTopic, systemLogTopic } from '../../../schemas/topics.ts';
import { settings } from '../../workloads/workload.ts';
import { cpuSecondsSince, type Job } from '../job.ts';
import { openProcessors } from '../place.ts';
import type { Talk } from '../run-job.ts';

/** In seconds from the assignment on, by the wall clock unless it says otherwise. */
export interface TakenOver {
  readonly loaded: number;
  readonly firstReading: number;
  readonly cpu: number;
  /** The steps by themselves, done once more: ClickHouse and the checksums, JSON, the fold. */
  readonly read: number;
  readonly parse: number;
  readonly createFold: number;
  readonly entries: number;
  readonly bytes: number;
}

const stateName = `processors/${systemLogTopic.name}`;

/** A process that gets the partition of a large org: how long until the first of its readings is acked. */
export const takeOver = async ({ place }: Extract<Job, { name: 'take-over' }>, talk: Talk): Promise<TakenOver> => {
  const { bus, client, store, close } = await openProcessors(place);
  const [org = ''] = place.orgs;
  const partition = bus.partitionOf(org);
  const stop = new AbortController();
  let assignedAt = 0;
  let loadedAt = 0;
  let readingAt = 0;
  let cpuBefore = process.cpuUsage();
  let cpu = 0;
  const consume = async function* (options: Parameters<Bus['consume']>[0]) {
    for await (const assignment of bus.consume(options)) {
      if (assignment.topic === systemLogTopic.name && assignment.partition === partition) {
        assignedAt = performance.now();
        cpuBefore = process.cpuUsage();
      }
      yield assignment;
    }
  };
  const timed: StateStore = {
    ...store,
    load: async (name, of) => {
      const loaded = await store.load(name, of);
      if (name === stateName && of === partition) loadedAt = performance.now();
      return loaded;
    },
    commit: async (name, of, commit) => {
      await store.commit(name, of, commit);
      if (readingAt > 0 || !commit.records.some(({ topic }) => topic === readingsTopic.name)) return;
      readingAt = performance.now();
      cpu = cpuSecondsSince(cpuBefore);
      stop.abort();
    },
  };
  talk.say({ kind: 'ready' });
  const orgs = [{ ...settings, org }];
  await runProcessors({ bus: { ...bus, consume }, store: timed, orgs, until: 'stopped', signal: stop.signal });

  const readAt = performance.now();
  const { state } = await readState(client, { name: stateName, partition }, new AbortController().signal);
  const parseAt = performance.now();
  const saved = [...(state?.entries ?? [])].map(([key, json]): [string, unknown] => [
    key.slice(org.length + 1),
    JSON.parse(json),
  ]);
  const foldAt = performance.now();
  topicFolds.find(({ topic }) => topic === systemLogTopic.name)?.createOrgFold({ ...settings, org }, saved);
  const doneAt = performance.now();
  await close();
  const bytes = [...(state?.entries ?? [])].reduce((sum, [key, json]) => sum + key.length + json.length, 0);
  return {
    loaded: (loadedAt - assignedAt) / 1e3,
    firstReading: (readingAt - assignedAt) / 1e3,
    cpu,
    read: (parseAt - readAt) / 1e3,
    parse: (foldAt - parseAt) / 1e3,
    createFold: (doneAt - foldAt) / 1e3,
    entries: saved.length,
    bytes,
  };
};
