import type { AppError } from '../../runtime/errors.ts';
import type { Progress, SourceState } from '../../schemas/progress.ts';
import { dayMs, hourMs, minuteToMs, passedMinute, toTimestamp } from '../../schemas/time.ts';
import { systemLogTopic } from '../../schemas/topics.ts';
import { readEngine } from '../engine.ts';
import { oktaFailure, toBodyError } from '../okta/okta-error.ts';
import { type LogMemory, type LogPage, logPath, systemLog } from '../system-log.ts';
import { isSourceError, type OrgRun, pauseAfter, toSourceState, unlessFull } from './org-run.ts';
import { toPageRecords, toProgressRecord } from './to-records.ts';

/** Windows reach 8 days back and revisions 2 more: older minutes with dead letters matter to no reading. */
const deadLetterMemory = 10 * dayMs;
const heartbeatMs = 50_000;
const longestStallMs = 5 * 60_000;
const mostSpans = 50;

export interface LogSource {
  /** Polls until the signal aborts, or (`caught-up`) the log is read to its end; resolves with what stopped it. */
  run(): Promise<AppError | undefined>;
  /** Repeats the progress when none was published for a while, so that whoever waits sees state and asOf. */
  heartbeat(): Promise<void>;
  asOf(): string | null;
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** The System Log of one org: what is read, from where to go on, and the progress records that say so. */
export const createLogSource = (run: OrgRun, restored: Progress | undefined): LogSource => {
  const { org, okta, clock, logger, settings, signal } = run;
  const memory: LogMemory = {};
  let engineAsked = false;
  if (restored !== undefined) run.engine = restored.engine;
  let cursor = restored?.cursors?.log;
  let asOfMs = restored === undefined ? undefined : Date.parse(restored.asOf);
  let spans: Span[] = (restored?.spans ?? []).map(({ from, to }) => ({ from: Date.parse(from), to: Date.parse(to) }));
  let state: SourceState = restored?.state ?? 'ok';
  let deadMinutes = new Set((restored?.deadLettered ?? []).map((at) => passedMinute(Date.parse(at))));
  let publishedMinute = asOfMs === undefined ? -1 : passedMinute(asOfMs);
  let publishedAtMs = Number.NEGATIVE_INFINITY;

  const publishProgress = async (): Promise<void> => {
    if (asOfMs === undefined) return; // Okta never answered, so there is no time to speak of.
    const oldest = passedMinute(asOfMs - deadLetterMemory);
    deadMinutes = new Set([...deadMinutes].filter((minute) => minute >= oldest));
    const minute = passedMinute(asOfMs);
    publishedAtMs = clock.now();
    await run.publish([
      toProgressRecord(systemLogTopic.name, org, {
        kind: 'progress',
        asOf: toTimestamp(asOfMs),
        spans: spans
          .filter(({ from, to }) => to > from)
          .map(({ from, to }) => ({ from: toTimestamp(from), to: toTimestamp(to) })),
        state,
        engine: run.engine,
        scopes: [],
        deadLettered: [...deadMinutes].sort((a, b) => a - b).map((minute) => toTimestamp(minuteToMs(minute))),
        ...(cursor === undefined ? {} : { cursors: { log: cursor } }),
      }),
    ]);
    publishedMinute = minute;
  };

  /** Moves the marks by a page whose events are acked. A page at the end of the log also widens the last span. */
  const apply = (page: LogPage, minutes: readonly number[]): void => {
    if (page.reset !== undefined) {
      const { fromMs, untilMs, lost } = page.reset;
      const bounds = { org, from: toTimestamp(fromMs), until: toTimestamp(untilMs) };
      if (lost) {
        logger.error(bounds, 'the cursor was refused and Okta keeps no events of the gap before `from`: it stays open');
        spans = [...spans, { from: fromMs, to: fromMs }].slice(-mostSpans);
      } else logger.warn(bounds, 'cursor_reset: Okta refused the cursor; the log was read again from an hour before');
    }
    for (const minute of minutes) deadMinutes.add(minute);
    cursor = page.cursor;
    state = 'ok';
    if (page.asOfMs === undefined) return;
    asOfMs = Math.max(asOfMs ?? page.asOfMs, page.asOfMs);
    const last = spans.at(-1);
    if (last !== undefined) spans[spans.length - 1] = { from: last.from, to: Math.max(last.to, page.asOfMs) };
  };

  const start = async (): Promise<{ after: string } | { sinceMs: number }> => {
    if (!engineAsked) {
      try {
        run.engine = (await readEngine(okta, signal)).engine;
      } catch (error) {
        // The page may be missing behind some custom domains; every answer has a Date, and the engine stays unknown.
        if (!isSourceError(error) || oktaFailure(error)?.status === undefined) throw error;
      }
      engineAsked = true;
    }
    if (cursor !== undefined) return { after: cursor };
    const nowMs = okta.dateMs();
    if (nowMs === undefined) throw toBodyError({ method: 'GET', path: logPath }, 'no answer of Okta had a Date');
    const sinceMs = nowMs - settings.lookback_hours * hourMs;
    if (spans.length === 0) spans = [{ from: sinceMs, to: sinceMs }];
    return { sinceMs: spans.at(-1)?.to ?? sinceMs };
  };

  /** One pass to the end of the log. Events are acked before the progress that carries their page's cursor. */
  const pass = async (): Promise<{ lastPage: LogPage | undefined }> => {
    await run.room();
    const from = await start();
    let lastPage: LogPage | undefined;
    const readTo = spans.at(-1)?.to;
    const pages = systemLog({
      okta,
      start: from,
      memory,
      signal,
      ...(readTo === undefined ? {} : { lastAsOfMs: readTo }),
    });
    for await (const page of pages) {
      const recovered = state !== 'ok';
      const { records, events, deadMinutes: minutes } = toPageRecords(org, page);
      if (records.length > 0) await run.publish(records);
      run.fetched.events += events;
      apply(page, minutes);
      if (page.withoutNext) logger.warn({ org }, 'a page of the System Log had no next link: the cursor stays');
      const minute = asOfMs === undefined ? -1 : passedMinute(asOfMs);
      if (records.length > 0 || recovered || minute > publishedMinute) await publishProgress();
      lastPage = page;
      await run.room();
    }
    return { lastPage };
  };

  const fail = async (error: AppError): Promise<void> => {
    const before = state;
    state = toSourceState(error);
    asOfMs ??= okta.dateMs();
    logger.warn({ org, source: 'log', code: error.code, hint: error.hint }, error.message);
    if (state !== before) await unlessFull(publishProgress());
  };

  const catchUp = async (): Promise<AppError | undefined> => {
    let failed: AppError | undefined;
    try {
      const { lastPage } = await pass();
      // A short page reaches to its newest event only; one more look tells that nothing came since.
      if (lastPage !== undefined && lastPage.records.length > 0) await pass();
    } catch (error) {
      if (!isSourceError(error)) throw error;
      await fail(error);
      failed = error;
    }
    await publishProgress();
    return failed;
  };

  const follow = async (): Promise<undefined> => {
    let failures = 0;
    let repeats = 0;
    while (!signal.aborted) {
      let waitMs = settings.poll_seconds * 1_000;
      try {
        const { lastPage } = await pass();
        failures = 0;
        repeats = lastPage?.repeated === true ? repeats + 1 : 0;
        if (repeats > 0) {
          waitMs = Math.min(longestStallMs, waitMs * 2 ** Math.min(repeats, 10));
          logger.warn({ org, repeats, waitMs }, 'no progress: Okta gave the same page for the same cursor again');
        }
      } catch (error) {
        if (signal.aborted) return;
        if (!isSourceError(error)) throw error;
        failures += 1;
        waitMs = pauseAfter(failures);
        await fail(error);
      }
      await clock.sleep(waitMs, signal);
    }
  };

  return {
    run: () => (run.until === 'caught-up' ? catchUp() : follow()),
    heartbeat: async () => {
      if (clock.now() - publishedAtMs >= heartbeatMs) await unlessFull(publishProgress());
    },
    asOf: () => (asOfMs === undefined ? null : toTimestamp(asOfMs)),
  };
};
