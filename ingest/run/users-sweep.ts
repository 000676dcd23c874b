import type { OutgoingRecord } from '../../runtime/bus/bus.ts';
import type { Sweep } from '../../schemas/progress.ts';
import { userKey } from '../../schemas/snapshots.ts';
import { dayMs, toTimestamp } from '../../schemas/time.ts';
import { userSnapshotsTopic } from '../../schemas/topics.ts';
import { oktaFailure } from '../okta/okta-error.ts';
import { toUserSnapshot } from '../to-snapshot.ts';
import { type UsersPage, users, usersPath } from '../users.ts';
import type { OrgRun } from './org-run.ts';
import { knownUser, type Posture } from './posture.ts';
import type { PostureProgress } from './posture-progress.ts';
import { toDeadLetterRecord, toJsonRecord, toSweepRecord, toSweepRun } from './to-records.ts';

const topic = userSnapshotsTopic.name;
/** A list that was left half read longer ago than this begins anew: its first pages say nothing about today. */
const staleListMs = dayMs;

const toSweep = (before: Sweep | undefined, page: UsersPage): Sweep => {
  const read = (before?.read ?? 0) + page.users.length;
  const done = page.next === undefined;
  return {
    kind: 'sweep',
    sweep: 'users',
    began: before?.began ?? toTimestamp(page.dateMs),
    completed: done ? toTimestamp(page.dateMs) : null,
    state: 'ok',
    wanted: done ? read : null,
    read,
    next: page.next ?? null,
  };
};

/** A list that is half read and fresh enough to go on with. */
const unfinished = (last: Sweep | undefined, nowMs: number): Sweep | undefined =>
  last !== undefined && last.completed === null && last.next !== null && nowMs - Date.parse(last.began) < staleListMs
    ? last
    : undefined;

/**
 * One pass over the list of ACTIVE and SUSPENDED users, from where the last one stopped. A page's users and the sweep
 * record that holds the next link are published together. Throws what the client throws; then the sweep goes on later.
 */
export const sweepUsers = async (run: OrgRun, posture: Posture, progress: PostureProgress): Promise<void> => {
  const { org, okta, settings, signal } = run;
  let sweep = unfinished(posture.sweeps.get('users'), okta.dateMs() ?? run.clock.now());

  const publishPage = async (page: UsersPage): Promise<void> => {
    const next = toSweep(sweep, page);
    // Okta's servers may differ by a second; nobody of this sweep was observed before it began.
    const dateMs = Math.max(page.dateMs, Date.parse(next.began));
    const records: OutgoingRecord[] = page.users.map((user) =>
      toJsonRecord(
        topic,
        org,
        userKey(org, user.id),
        toUserSnapshot(user, dateMs, { keepName: settings.keep_user_names }),
      ),
    );
    for (const { bytes, reason } of page.unusable) {
      const origin = `GET ${usersPath}`;
      records.push(toDeadLetterRecord({ org, origin, reason, atMs: dateMs, minute: undefined, bytes }));
    }
    records.push(toSweepRecord(topic, org, next));
    if (next.completed !== null) records.push(toSweepRun(org, next, { users: next.read }));
    await progress.observe(dateMs, () => run.publish(records));
    for (const user of page.users)
      Object.assign(knownUser(posture, user.id), { status: user.status, listedMs: dateMs });
    posture.sweeps.set('users', next);
    run.fetched.users += page.users.length;
    sweep = next;
  };

  const readFrom = async (after: string | null | undefined): Promise<void> => {
    await run.room();
    for await (const page of users({ okta, signal, ...(after == null ? {} : { after }) })) {
      await publishPage(page);
      await run.room();
    }
  };

  const resumedAt = sweep?.next;
  try {
    await readFrom(resumedAt);
  } catch (error) {
    // Okta refuses the next link of a list that is too old: the list begins anew.
    if (resumedAt == null || sweep?.next !== resumedAt || oktaFailure(error)?.status !== 400) throw error;
    sweep = undefined;
    await readFrom(undefined);
  }
};
