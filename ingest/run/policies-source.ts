import type { OutgoingRecord } from '../../runtime/bus/bus.ts';
import { AppError } from '../../runtime/errors.ts';
import type { Sweep } from '../../schemas/progress.ts';
import { policyKey } from '../../schemas/snapshots.ts';
import { toTimestamp } from '../../schemas/time.ts';
import { policySnapshotsTopic } from '../../schemas/topics.ts';
import { readEngine } from '../engine.ts';
import { listPolicies, policiesWithRules } from '../policies.ts';
import { toPolicySnapshot } from '../to-snapshot.ts';
import { isSourceError, type OrgRun, pauseAfter, toSourceState } from './org-run.ts';
import type { Posture } from './posture.ts';
import type { PostureProgress } from './posture-progress.ts';
import { isSweepDue } from './sweep-due.ts';
import { toJsonRecord, toSweepRecord, toSweepRun } from './to-records.ts';

const topic = policySnapshotsTopic.name;
const batchPolicies = 20;

/**
 * One pass over all access policies, each with all its rules. After a restart the list is read again, and policies
 * that this pass has read already are not.
 */
const sweepPolicies = async (run: OrgRun, posture: Posture, progress: PostureProgress): Promise<void> => {
  const { org, okta, signal } = run;
  const last = posture.sweeps.get('policies');
  await run.room();
  let listed: Awaited<ReturnType<typeof listPolicies>>;
  try {
    listed = await listPolicies(okta, signal);
  } catch (error) {
    await publishFailure(run, posture, last, error);
    throw error;
  }
  const { policies, dateMs } = listed;
  const began = last?.completed === null ? last.began : toTimestamp(dateMs);
  const beganMs = Date.parse(began);
  const todo = policies.filter(({ id }) => (posture.policies.get(id) ?? 0) < beganMs);
  let sweep: Sweep = {
    kind: 'sweep',
    sweep: 'policies',
    began,
    completed: null,
    state: 'ok',
    wanted: policies.length,
    read: policies.length - todo.length,
    next: null,
  };
  let records: OutgoingRecord[] = [];
  let newestMs = Math.max(dateMs, beganMs);
  let rules = 0;
  const observed = new Map<string, number>();

  const publish = async (completed: boolean): Promise<void> => {
    sweep = { ...sweep, completed: completed ? toTimestamp(newestMs) : null };
    const batch = [...records, toSweepRecord(topic, org, sweep)];
    if (completed) batch.push(toSweepRun(org, sweep, { policies: sweep.read, rules }));
    records = [];
    await progress.observe(newestMs, () => run.publish(batch));
    for (const [id, observedMs] of observed) posture.policies.set(id, observedMs);
    run.fetched.policies += observed.size;
    observed.clear();
    posture.sweeps.set('policies', sweep);
  };

  try {
    for await (const { policy, rules: own, dateMs: readMs } of policiesWithRules({ okta, policies: todo, signal })) {
      const observedMs = Math.max(readMs, beganMs);
      newestMs = Math.max(newestMs, observedMs);
      records.push(toJsonRecord(topic, org, policyKey(org, policy.id), toPolicySnapshot(policy, own, observedMs)));
      observed.set(policy.id, observedMs);
      sweep = { ...sweep, read: sweep.read + 1 };
      rules += own.length;
      run.fetched.rules += own.length;
      if (records.length >= batchPolicies) await publish(false);
      await run.room();
    }
  } catch (error) {
    if (!signal.aborted && error instanceof AppError) {
      sweep = { ...sweep, state: toSourceState(error) };
      await publish(false);
    }
    throw error;
  }
  // Policies that went away between the list and their rules are wanted by nobody any more.
  sweep = { ...sweep, wanted: sweep.read };
  await publish(true);
};

/** The list itself was refused: the sweep record says so, and keeps what an earlier pass had read. */
const publishFailure = async (
  run: OrgRun,
  posture: Posture,
  last: Sweep | undefined,
  error: unknown,
): Promise<void> => {
  const nowMs = run.okta.dateMs();
  if (run.signal.aborted || !(error instanceof AppError) || nowMs === undefined) return;
  const underWay = last?.completed === null ? last : undefined;
  const sweep: Sweep = {
    kind: 'sweep',
    sweep: 'policies',
    began: underWay?.began ?? toTimestamp(nowMs),
    completed: null,
    state: toSourceState(error),
    wanted: underWay?.wanted ?? null,
    read: underWay?.read ?? 0,
    next: null,
  };
  await run.publish([toSweepRecord(topic, run.org, sweep)]);
  posture.sweeps.set('policies', sweep);
};

/** Access policies and their rules, again and again at their pace; `caught-up`: once, always. */
export const runPoliciesSource = async (
  run: OrgRun,
  posture: Posture,
  progress: PostureProgress,
): Promise<AppError | undefined> => {
  const { org, okta, clock, logger, settings, signal } = run;

  const cycle = async (): Promise<AppError | undefined> => {
    try {
      const nowMs = okta.dateMs() ?? (await readEngine(okta, signal)).dateMs;
      const isDue = isSweepDue(posture.sweeps.get('policies'), nowMs, settings.policy_sweep_minutes);
      if (run.until === 'stopped' && !isDue) return undefined;
      await sweepPolicies(run, posture, progress);
      await progress.setState('ok');
      await progress.flush();
      return undefined;
    } catch (error) {
      if (signal.aborted || !isSourceError(error)) throw error;
      logger.warn({ org, source: 'policies', code: error.code, hint: error.hint }, error.message);
      await progress.setState(toSourceState(error));
      return error;
    }
  };

  if (run.until === 'caught-up') return cycle();
  let failures = 0;
  while (!signal.aborted) {
    try {
      failures = (await cycle()) === undefined ? 0 : failures + 1;
    } catch (error) {
      if (signal.aborted) return undefined;
      throw error;
    }
    await clock.sleep(failures > 0 ? pauseAfter(failures) : settings.poll_seconds * 1_000, signal);
  }
  return undefined;
};
