import { createHash } from 'node:crypto';
import type { IngestSummary } from '../../ingest/run-ingest.ts';
import { type ExitCode, errorCodes, exitCodes } from '../../runtime/errors.ts';
import type { Reading } from '../../schemas/reading.ts';
import { type Run, runKey } from '../../schemas/run.ts';
import type { Slug } from '../../schemas/slugs.ts';
import { minuteMs, toTimestamp } from '../../schemas/time.ts';
import { runsTopic, systemLogTopic } from '../../schemas/topics.ts';
import { readPushes } from '../../sinks/draxis/push-state.ts';
import type { DraxisResult } from '../../sinks/draxis/run-draxis.ts';
import type { OrgConfig } from '../config/config.ts';
import { toKrisView } from '../kris-view.ts';
import type { OrgOverview } from '../overview.ts';
import type { Parts } from '../parts.ts';
import { readOverview } from '../read-overview.ts';
import { renderReport } from '../render/report.ts';
import { type ShownReading, toShownReading } from '../shown-reading.ts';
import { createStages } from '../stages.ts';

/** What `kriver once --json` prints for an org. */
export interface OnceReport {
  readonly org: string;
  /** How far the System Log is read; null when Okta never answered. */
  readonly asOf: string | null;
  readonly run: Run;
  /** Of each KRI the newest reading that no late event will change. */
  readonly readings: readonly ShownReading[];
}

const toRun = (options: {
  org: string;
  started: number;
  ended: number;
  summary: IngestSummary | undefined;
  pushed: DraxisResult;
  error: string | null;
}): Run => {
  const started = toTimestamp(options.started);
  return {
    id: createHash('sha256').update(`${options.org}|once|${started}`).digest('hex').slice(0, 32),
    org: options.org,
    trigger: 'once',
    started,
    ended: toTimestamp(options.ended),
    rowsWritten: options.pushed.rowsWritten,
    rowsSkipped: options.pushed.rowsSkipped,
    fetched: { ...options.summary?.fetched },
    error: options.error,
  };
};

/** The readings that a report gives: of each KRI those up to the newest final one, or, before there is any, the newest. */
const reportedReadings = (overview: OrgOverview, slug: Slug, latenessMs: number): readonly Reading[] => {
  const current = overview.newestFinal(slug, latenessMs) ?? overview.newest(slug);
  return current === undefined ? [] : overview.readings(slug).filter(({ asOf }) => asOf <= current.asOf);
};

/**
 * One pass: catches up with Okta, folds, stores, pushes, records the run. The stages run one after another, each until
 * it has handled what the one before it published, so nothing waits for time to pass.
 */
export const runOnce = async (
  parts: Parts,
  signal: AbortSignal,
  onStage: (stage: string) => void = () => {},
): Promise<{ reports: readonly OnceReport[]; texts: readonly string[]; code: ExitCode }> => {
  const { config, bus, store, clock } = parts;
  const stages = createStages(parts);
  const started = clock.now();
  onStage('reading Okta');
  const summaries = await stages.ingest('caught-up', signal);
  onStage('folding');
  await stages.processors('caught-up', signal);
  onStage('pushing');
  const pushed = await stages.draxis('caught-up', signal);
  const runs = config.orgs.map(({ name }) => {
    const summary = summaries.get(name);
    const pushError = pushed.errors.find(({ org }) => org === name);
    const error = summary?.error?.message ?? pushError?.message ?? null;
    return toRun({ org: name, started, ended: clock.now(), summary, pushed, error });
  });
  await bus.publish(
    runs.map((run) => ({
      topic: runsTopic.name,
      org: run.org,
      key: runKey(run.org, run.id),
      value: Buffer.from(JSON.stringify(run)),
    })),
  );
  onStage('storing');
  await stages.clickHouse('caught-up', signal);

  const reports: OnceReport[] = [];
  const texts: string[] = [];
  for (const [index, org] of config.orgs.entries()) {
    const run = runs[index];
    if (run === undefined) continue;
    const overview = await readOverview(bus, org.name);
    const latenessMs = Math.max(config.allowedLatenessMinutes * minuteMs, 0);
    const readingsOf = (slug: Slug) => reportedReadings(overview, slug, latenessMs);
    const readings = org.kris
      .flatMap((slug) => readingsOf(slug).slice(-1))
      .map((reading) => toShownReading(reading, org));
    reports.push({
      org: org.name,
      asOf: overview.progress?.asOf ?? summaries.get(org.name)?.asOf ?? null,
      run,
      readings,
    });
    texts.push(await toText(parts, org, overview, readingsOf, run));
  }
  const failed = [...summaries.values()].find(({ error }) => error !== undefined)?.error ?? pushed.errors[0];
  return { reports, texts, code: failed === undefined ? exitCodes.ok : errorCodes[failed.code] };

  async function toText(
    { bus: log }: Parts,
    org: OrgConfig,
    overview: OrgOverview,
    readingsOf: (slug: Slug) => readonly Reading[],
    run: Run,
  ): Promise<string> {
    const partition = log.partitionOf(org.name);
    const pushes = await readPushes(store, partition);
    const total = await log.endOffset(systemLogTopic.name, partition);
    const failure = summaries.get(org.name)?.error;
    const messages = [
      `Run ${run.id}: ${run.rowsWritten} pushed, ${run.rowsSkipped} skipped, ${run.fetched['requests'] ?? 0} requests to Okta.`,
      ...(failure === undefined ? [] : [failure.message, failure.hint]),
      ...pushed.errors.filter(({ org: name }) => name === org.name).map(({ message, hint }) => `${message} ${hint}`),
    ];
    const view = toKrisView({
      org,
      overview,
      pushes,
      now: clock.now(),
      events: { total, perSecond: 0 },
      readingsOf,
      messages,
    });
    return renderReport(view);
  }
};
