import { ingestGroup } from '../../ingest/run-ingest.ts';
import type { Bus } from '../../runtime/bus/bus.ts';
import { dayMs } from '../../schemas/time.ts';
import {
  policySnapshotsTopic,
  readingsTopic,
  systemLogTopic,
  topics,
  userSnapshotsTopic,
} from '../../schemas/topics.ts';
import { clickHouseGroup } from '../../sinks/clickhouse/run-clickhouse.ts';
import { draxisGroup } from '../../sinks/draxis/push-state.ts';
import type { Config, OrgConfig } from '../config/config.ts';
import type { Stage } from '../stage.ts';

/** How far one group is behind with one topic of an org. A JSON value. */
export interface LagRow {
  readonly stage: Stage;
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  /** Records that wait, gaps of compaction included. */
  readonly lag: number;
  /** How long the oldest of them has waited; 0 when none waits, null when that is not known. */
  readonly behindMs: number | null;
  /** The process that has the partition; null when none does. */
  readonly owner: { readonly member: string; readonly host: string } | null;
}

export interface LagAnswer {
  readonly org: string;
  readonly stages: readonly LagRow[];
}

export interface Reader {
  readonly stage: Stage;
  readonly group: string;
  readonly topic: string;
}

const of = (stage: Stage, group: string, read: readonly { readonly name: string }[]): Reader[] =>
  read.map(({ name }) => ({ stage, group, topic: name }));

/** Who reads what of an org, in the order of the flow. Sinks that are not configured have no lag. */
export const readersOf = (config: Config, org: OrgConfig): readonly Reader[] => [
  ...of('ingest', ingestGroup, [systemLogTopic]),
  ...of('processors', 'processors', [systemLogTopic, userSnapshotsTopic, policySnapshotsTopic]),
  ...(config.clickHouse.kind === 'none' ? [] : of('sinks', clickHouseGroup, topics)),
  ...(org.draxis === undefined ? [] : of('sinks', draxisGroup, [readingsTopic])),
];

const longestSearchMs = 90 * dayMs;
const precisionMs = 1_000;

/** When a record was appended, to a second: the bus knows only the first offset since a moment, so it is found by halving. */
const findAppendTime = async (bus: Bus, topic: string, partition: number, offset: number, now: number) => {
  let before = now - longestSearchMs;
  let after = now;
  while (after - before > precisionMs) {
    const middle = before + Math.floor((after - before) / 2);
    if ((await bus.offsetAt(topic, partition, middle)) <= offset) before = middle;
    else after = middle;
  }
  return before;
};

/** The lag of an org in the log of a data directory. Whether a process works on it, the log does not know. */
export const readLocalLag = async (
  { config, bus, now }: { config: Config; bus: Bus; now: number },
  org: OrgConfig,
): Promise<LagAnswer> => {
  const partition = bus.partitionOf(org.name);
  const stages: LagRow[] = [];
  for (const reader of readersOf(config, org)) {
    const next = ((await bus.committed(reader.topic, partition, reader.group)) ?? -1) + 1;
    const lag = Math.max(0, (await bus.endOffset(reader.topic, partition)) - next);
    const behindMs = lag === 0 ? 0 : now - (await findAppendTime(bus, reader.topic, partition, next, now));
    stages.push({ ...reader, partition, lag, behindMs, owner: null });
  }
  return { org: org.name, stages };
};
