import type { AppError } from '../../runtime/errors.ts';
import { suspendedUserCap } from '../../schemas/sample.ts';
import { readEngine } from '../engine.ts';
import { sampleCapOf } from '../settings.ts';
import { appLinksDetail, createDetailSweep, type DetailKind, factorsDetail } from './detail-sweep.ts';
import { isSourceError, type OrgRun, pauseAfter, toSourceState } from './org-run.ts';
import type { Posture } from './posture.ts';
import type { PostureProgress } from './posture-progress.ts';
import { isSweepDue } from './sweep-due.ts';
import { sweepUsers } from './users-sweep.ts';

/**
 * Users, their factors and app links: the list first, then the sample's factors and the first suspended users' app
 * links, then everyone else's. `caught-up` leaves everyone else to a running Kriver.
 */
export const runUsersSource = async (
  run: OrgRun,
  posture: Posture,
  progress: PostureProgress,
): Promise<AppError | undefined> => {
  const { org, okta, clock, logger, settings, signal } = run;
  const pace = settings.sweep_minutes;
  const firsts = [
    { kind: factorsDetail, first: sampleCapOf(settings) },
    { kind: appLinksDetail, first: suspendedUserCap },
  ];

  /** A refusal of one detail must not keep the other from being read, so it is remembered and the work goes on. */
  const attempt = async (work: () => Promise<void>): Promise<AppError | undefined> => {
    try {
      await work();
      return undefined;
    } catch (error) {
      if (signal.aborted || !isSourceError(error)) throw error;
      logger.warn({ org, source: 'users', code: error.code, hint: error.hint }, error.message);
      return error;
    }
  };

  /**
   * The pass of a detail that is due, or undefined. Whoever asks for a single pass wants to know how things are now, so
   * it is always due. It reads the sample only: one that is under way with its sample read begins anew.
   */
  const dueSweep = (kind: DetailKind, first: number, nowMs: number) => {
    if (run.until === 'stopped' && !isSweepDue(posture.sweeps.get(kind.sweep), nowMs, pace)) return undefined;
    const going = createDetailSweep(run, posture, progress, kind, false);
    const isSampleRead = run.until === 'caught-up' && going.hasFirst(first);
    return isSampleRead ? createDetailSweep(run, posture, progress, kind, true) : going;
  };

  /** Everything that is due, once. Returns the first error of a source after all others were read. */
  const cycle = async (): Promise<AppError | undefined> => {
    const nowMs = okta.dateMs() ?? (await readEngine(okta, signal)).dateMs;
    if (run.until === 'caught-up' || isSweepDue(posture.sweeps.get('users'), nowMs, pace)) {
      await sweepUsers(run, posture, progress);
      await progress.setState('ok');
    }
    const due = firsts.flatMap(({ kind, first }) => {
      const sweep = dueSweep(kind, first, nowMs);
      return sweep === undefined ? [] : [{ sweep, first }];
    });
    const errors: (AppError | undefined)[] = [];
    for (const { sweep, first } of due) errors.push(await attempt(() => sweep.readFirst(first)));
    if (run.until === 'stopped') {
      for (const [index, { sweep }] of due.entries()) {
        if (errors[index] === undefined) errors.push(await attempt(() => sweep.readFirst(Number.POSITIVE_INFINITY)));
      }
    }
    const error = errors.find((found) => found !== undefined);
    if (error?.code === 'okta-unauthorised') await progress.setState('unauthorised');
    else if (error === undefined && due.length > 0) await progress.setState('ok');
    await progress.flush();
    return error;
  };

  /** `cycle`, with an error of the list as a value too: then nothing else can be read, and the topic says so. */
  const cycleOrError = async (): Promise<AppError | undefined> => {
    try {
      return await cycle();
    } catch (error) {
      if (signal.aborted || !isSourceError(error)) throw error;
      logger.warn({ org, source: 'users', code: error.code, hint: error.hint }, error.message);
      await progress.setState(toSourceState(error));
      return error;
    }
  };

  if (run.until === 'caught-up') return cycleOrError();
  let failures = 0;
  while (!signal.aborted) {
    try {
      failures = (await cycleOrError()) === undefined ? 0 : failures + 1;
    } catch (error) {
      if (signal.aborted) return undefined;
      throw error;
    }
    await clock.sleep(failures > 0 ? pauseAfter(failures) : settings.poll_seconds * 1_000, signal);
  }
  return undefined;
};
