import { createHash } from 'node:crypto';
import type { OutgoingRecord } from '../../runtime/bus/bus.ts';
import type { Clock } from '../../runtime/clock.ts';
import { AppError, type ErrorCode } from '../../runtime/errors.ts';
import { type Run, runKey } from '../../schemas/run.ts';
import type { Slug } from '../../schemas/slugs.ts';
import { toTimestamp } from '../../schemas/time.ts';
import { runsTopic } from '../../schemas/topics.ts';
import type { DraxisClient } from './client.ts';
import type { PlannedPush } from './decide.ts';
import type { PushOutcome } from './outcome.ts';
import { emptySlugState, type OrgState, type SlugState, toEntries } from './push-state.ts';

export interface PushError {
  readonly org: string;
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

export interface CycleResult {
  readonly rowsWritten: number;
  readonly rowsSkipped: number;
  readonly errors: readonly PushError[];
  /** Draxis could not be asked at all, so the rest was left for a later cycle. */
  readonly isCutShort: boolean;
}

/** The same values at the same times are the same run, also when a crash makes them go out twice. */
const toRunId = (org: string, pushes: readonly PlannedPush[]): string => {
  const parts = pushes.map(({ slug, asOf }) => `${slug} ${asOf}`);
  return createHash('sha256')
    .update(JSON.stringify([org, 'push', ...parts]))
    .digest('hex')
    .slice(0, 32);
};

const toRunRecord = (run: Run): OutgoingRecord => ({
  topic: runsTopic.name,
  org: run.org,
  key: runKey(run.org, run.id),
  value: Buffer.from(JSON.stringify(run)),
});

const afterOutcome = (state: SlugState, push: PlannedPush, { outcome, text }: PushOutcome): SlugState => {
  const { asOf, version, value } = push;
  const last = { asOf, value, outcome, text };
  if (outcome !== 'accepted') return { ...state, last };
  const candidates = state.candidates.filter((candidate) => candidate.asOf > asOf);
  return { ...state, last, candidates, acked: { asOf, version, value } };
};

/**
 * Sends the planned values of one org, one after the other, and saves what happened. The order of effects is what keeps
 * T from ever falling in Draxis:
 *
 * 1. what is folded, and the T about to be sent, are saved;
 * 2. the value is sent;
 * 3. that Draxis took it is saved.
 *
 * A crash between 2 and 3 sends the same T, or a newer one, once more. `save` does nothing for a partition that is no
 * longer ours, and `signal` then ends the cycle.
 */
export const runPushCycle = async (options: {
  org: string;
  state: OrgState;
  pushes: readonly PlannedPush[];
  client: Pick<DraxisClient, 'push'>;
  clock: Clock;
  signal: AbortSignal;
  save: (changes: ReadonlyMap<string, unknown>, records: readonly OutgoingRecord[]) => Promise<void>;
}): Promise<CycleResult> => {
  const { org, state, pushes, client, clock, signal, save } = options;
  const started = toTimestamp(clock.now());
  const update = (slug: Slug, change: (known: SlugState) => SlugState) =>
    state.slugs.set(slug, change(state.slugs.get(slug) ?? emptySlugState()));

  for (const { slug, asOf } of pushes) update(slug, (known) => ({ ...known, attempted: asOf }));
  await save(
    toEntries(
      org,
      state,
      pushes.map(({ slug }) => slug),
    ),
    [],
  );

  let rowsWritten = 0;
  let rowsSkipped = 0;
  let isCutShort = false;
  const errors: PushError[] = [];
  for (const push of pushes) {
    if (signal.aborted) break;
    const { slug, name, asOf, value, note } = push;
    try {
      const answer = await client.push({ slug: name, value, asOf, note }, signal);
      update(slug, (known) => afterOutcome(known, push, answer));
      if (answer.outcome === 'accepted') {
        rowsWritten += 1;
        state.parked.delete(slug);
      } else {
        state.parked.set(slug, asOf);
      }
      if (answer.outcome === 'unknown-slug') rowsSkipped += 1;
      if (answer.outcome === 'refused') {
        const hint = 'Look the KRI up in Draxis. It is tried again in an hour, and after a restart.';
        errors.push({ org, code: 'draxis-refused', message: `${slug}: ${answer.text}`, hint });
      }
      await save(toEntries(org, state, [slug]), []);
    } catch (error) {
      if (signal.aborted) break;
      if (!(error instanceof AppError) || !error.code.startsWith('draxis-')) throw error;
      errors.push({ org, code: error.code, message: error.message, hint: error.hint });
      isCutShort = true;
      break;
    }
  }
  if (signal.aborted) return { rowsWritten, rowsSkipped, errors, isCutShort };
  const run: Run = {
    id: toRunId(org, pushes),
    org,
    trigger: 'push',
    started,
    ended: toTimestamp(clock.now()),
    rowsWritten,
    rowsSkipped,
    fetched: {},
    error: errors.length === 0 ? null : errors.map(({ message }) => message).join('; '),
  };
  await save(new Map(), [toRunRecord(run)]);
  return { rowsWritten, rowsSkipped, errors, isCutShort };
};
