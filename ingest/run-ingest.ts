import type { Assignment, Bus } from '../runtime/bus/bus.ts';
import type { Until } from '../runtime/bus/consume-partitions.ts';
import type { Clock } from '../runtime/clock.ts';
import type { DiskGuard } from '../runtime/disk-guard.ts';
import type { AppError } from '../runtime/errors.ts';
import type { Progress } from '../schemas/progress.ts';
import { policySnapshotsTopic, systemLogTopic, userSnapshotsTopic } from '../schemas/topics.ts';
import type { OktaClient } from './okta/client.ts';
import { createLogSource } from './run/log-source.ts';
import { createOrgRun, type Fetched, type IngestLogger, type OrgRun, type OrgSource } from './run/org-run.ts';
import { runPoliciesSource } from './run/policies-source.ts';
import { createPosture, type Posture, readPosture } from './run/posture.ts';
import { createPostureProgress } from './run/posture-progress.ts';
import { lastProgress } from './run/restore-log.ts';
import { runUsersSource } from './run/users-source.ts';

export interface IngestSummary {
  /** What was read in this run: one for each entity that was published, and each request that was sent. */
  readonly fetched: Fetched;
  /** What stopped a source for good (`caught-up`); the others were read to their end nevertheless. */
  readonly error?: AppError;
  /** How far the System Log is read; null when Okta never answered. */
  readonly asOf: string | null;
}

export interface IngestOptions {
  readonly orgs: readonly OrgSource[];
  readonly bus: Bus;
  readonly clock: Clock;
  readonly logger: IngestLogger;
  readonly diskGuard?: DiskGuard;
  /**
   * `stopped`: polls and sweeps until the signal aborts; no error of Okta's ends it. `caught-up`: reads the log to its
   * end, the sample's posture and the policies, publishes the final progress records, and returns.
   */
  readonly until: Until;
  readonly signal: AbortSignal;
}

export const ingestGroup = 'ingest';
const topic = systemLogTopic.name;
const heartbeatCheckMs = 5_000;

const requestsOf = (okta: OktaClient): number => [...okta.requests().values()].reduce((sum, count) => sum + count, 0);

/** What was under way when the signal aborted fails with it; that is the end that was asked for. */
const unlessAborted = async <Value>(signal: AbortSignal, work: Promise<Value>): Promise<Value | undefined> => {
  try {
    return await work;
  } catch (error) {
    if (signal.aborted && (error === signal.reason || (error instanceof Error && error.name === 'AbortError'))) return;
    throw error;
  }
};

/** The sources of one org, side by side under one rate budget, until they end. */
const runOrg = async (run: OrgRun, progress: Progress | undefined, posture: Posture): Promise<IngestSummary> => {
  const log = createLogSource(run, progress);
  const users = createPostureProgress(run, userSnapshotsTopic.name, posture.usersProgress);
  const policies = createPostureProgress(run, policySnapshotsTopic.name, posture.policiesProgress);
  const sentBefore = requestsOf(run.okta);
  const sources = Promise.all(
    [log.run(), runUsersSource(run, posture, users), runPoliciesSource(run, posture, policies)].map((source) =>
      unlessAborted(run.signal, source),
    ),
  );
  let ended = false;
  const end = () => {
    ended = true;
  };
  const beat = async (): Promise<void> => {
    while (!ended && !run.signal.aborted && run.until === 'stopped') {
      await run.clock.sleep(heartbeatCheckMs, run.signal);
      if (ended || run.signal.aborted) return;
      for (const source of [log, users, policies]) await source.heartbeat();
    }
  };
  const [errors] = await Promise.all([sources.finally(end), unlessAborted(run.signal, beat())]);
  run.fetched.requests = requestsOf(run.okta) - sentBefore;
  const error = errors.find((found) => found !== undefined);
  return { fetched: run.fetched, asOf: log.asOf(), ...(error === undefined ? {} : { error }) };
};

/**
 * Okta to topics. Consumes `okta.system-log` in group `ingest`: whoever owns a partition polls the orgs in it, so one
 * budget holds per org and nobody polls twice. On an assignment it finds the last progress record (cursor, asOf, spans)
 * and the posture that is known, drains its own topic to the end, and only then polls; it keeps consuming that topic,
 * which is where marks of changed users and policies are taken from.
 * Resolves with a summary for each org that was owned here. Rejects with what the bus throws.
 */
export const runIngest = async (options: IngestOptions): Promise<ReadonlyMap<string, IngestSummary>> => {
  const { bus, clock, logger, until, diskGuard } = options;
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const summaries = new Map<string, IngestSummary>();
  if (options.orgs.length === 0) return summaries;

  const own = async (assignment: Assignment): Promise<void> => {
    const { partition } = assignment;
    const sources = options.orgs.filter(({ org }) => bus.partitionOf(org) === partition);
    if (sources.length === 0) return;
    const held = AbortSignal.any([assignment.signal, signal]);
    const committed = await bus.committed(topic, partition, ingestGroup);
    const end = await bus.endOffset(topic, partition);
    let reachedEnd = () => {};
    const atEnd = new Promise<void>((resolve) => {
      reachedEnd = resolve;
    });
    if ((committed ?? -1) + 1 >= end) reachedEnd();

    const consume = async (): Promise<void> => {
      for await (const batch of assignment.batches()) {
        await batch.ack();
        if ((batch.records.at(-1)?.offset ?? -1) + 1 >= end) reachedEnd();
      }
      reachedEnd();
    };
    const poll = async (): Promise<void> => {
      await atEnd;
      if (held.aborted) return;
      const names = new Set(sources.map(({ org }) => org));
      const progress = await lastProgress(bus, topic, partition, names, committed);
      const postures = await readPosture(bus, partition, names);
      const runs = sources.map(async (source) => {
        // A signal of its own: all sources of all orgs here would listen to one, and Node warns of a leak at the eleventh.
        const ended = AbortSignal.any([held]);
        const run = createOrgRun({ source, bus, clock, logger, until, signal: ended, diskGuard });
        const { org } = source;
        summaries.set(org, await runOrg(run, progress.get(org), postures.get(org) ?? createPosture()));
      });
      await Promise.all(runs);
      if (until === 'caught-up' && summaries.size === options.orgs.length) stop.abort();
    };
    await Promise.all([consume(), poll()]);
  };

  let failure: { readonly error: unknown } | undefined;
  const owned: Promise<void>[] = [];
  for await (const assignment of bus.consume({ topic, group: ingestGroup, signal })) {
    const work = own(assignment).catch((error: unknown) => {
      failure ??= { error };
      stop.abort();
    });
    owned.push(work);
  }
  await Promise.all(owned);
  if (failure !== undefined) throw failure.error;
  return summaries;
};
