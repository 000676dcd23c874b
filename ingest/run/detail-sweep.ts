import type { OutgoingRecord } from '../../runtime/bus/bus.ts';
import { AppError } from '../../runtime/errors.ts';
import type { Sweep } from '../../schemas/progress.ts';
import { toSampleRank } from '../../schemas/sample.ts';
import { appLinksKey, deletedStatus, factorsKey, userKey } from '../../schemas/snapshots.ts';
import { toTimestamp } from '../../schemas/time.ts';
import { userSnapshotsTopic } from '../../schemas/topics.ts';
import { readAppLinks } from '../app-links.ts';
import { readFactors } from '../factors.ts';
import type { OktaClient } from '../okta/client.ts';
import { toAppLinksSnapshot, toDeletedUser, toFactorsSnapshot } from '../to-snapshot.ts';
import type { Detail } from '../user-detail.ts';
import { mapAtOnce } from './map-at-once.ts';
import { type OrgRun, toSourceState } from './org-run.ts';
import type { KnownUser, Posture } from './posture.ts';
import type { PostureProgress } from './posture-progress.ts';
import { toDeadLetterRecord, toJsonRecord, toSweepRecord, toSweepRun } from './to-records.ts';

const topic = userSnapshotsTopic.name;
/** How many users' answers are published at once: few enough that a crash costs seconds of the rate limit. */
const batchUsers = 50;

/** What is read of each user of one status: factors of ACTIVE ones, app links of SUSPENDED ones. */
export interface DetailKind {
  readonly sweep: 'factors' | 'applinks';
  readonly status: string;
  readonly path: string;
  readonly key: (org: string, userId: string) => string;
  /** The snapshot of one user, or why there is none. */
  readonly read: (okta: OktaClient, userId: string, signal: AbortSignal) => Promise<Detail<object>>;
}

const toDetail = <Element>(
  detail: Detail<readonly Element[]>,
  toSnapshot: (elements: readonly Element[], dateMs: number) => object,
): Detail<object> => (detail.kind === 'value' ? { ...detail, value: toSnapshot(detail.value, detail.dateMs) } : detail);

export const factorsDetail: DetailKind = {
  sweep: 'factors',
  status: 'ACTIVE',
  path: 'factors',
  key: factorsKey,
  read: async (okta, id, signal) =>
    toDetail(await readFactors(okta, id, signal), (factors, dateMs) => toFactorsSnapshot(id, factors, dateMs)),
};

export const appLinksDetail: DetailKind = {
  sweep: 'applinks',
  status: 'SUSPENDED',
  path: 'appLinks',
  key: appLinksKey,
  read: async (okta, id, signal) =>
    toDetail(await readAppLinks(okta, id, signal), (links, dateMs) => toAppLinksSnapshot(id, links, dateMs)),
};

interface Member {
  readonly id: string;
  readonly user: KnownUser;
}

/** Users of the status whom the last list named, lowest sample rank first. */
const membersOf = (org: string, posture: Posture, status: string): readonly Member[] => {
  const listedSince = Date.parse(posture.sweeps.get('users')?.began ?? '') || 0;
  return [...posture.users]
    .filter(([, user]) => user.status === status && user.listedMs >= listedSince)
    .map(([id, user]) => ({ id, user, rank: toSampleRank(org, id) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1));
};

/** A pass over one detail of all users of a status, in the order of the sample. */
export interface DetailSweep {
  /** Reads the first `count` users, or the rest of them, then returns. Publishes as it goes. Throws what the client throws. */
  readFirst(count: number): Promise<void>;
  /** Whether the first `count` users are read by this pass. */
  hasFirst(count: number): boolean;
}

/** Goes on with the pass that is under way, or begins one when `anew` or there is none. */
export const createDetailSweep = (
  run: OrgRun,
  posture: Posture,
  progress: PostureProgress,
  kind: DetailKind,
  anew: boolean,
): DetailSweep => {
  const { org, okta, signal } = run;
  const readMs = kind.sweep === 'factors' ? 'factorsMs' : 'applinksMs';
  const last = posture.sweeps.get(kind.sweep);
  const members = membersOf(org, posture, kind.status);
  const unusable = new Set<string>();
  let sweep: Sweep | undefined = anew || last?.completed !== null ? undefined : last;

  const beganMs = (): number => (sweep === undefined ? Number.POSITIVE_INFINITY : Date.parse(sweep.began));
  const isRead = ({ user }: Member): boolean => user[readMs] >= beganMs();
  const isHandled = (member: Member): boolean =>
    isRead(member) || unusable.has(member.id) || member.user.status !== kind.status;

  const advanceTo = (dateMs: number, read: number, state: Sweep['state'], completed: boolean): Sweep => ({
    kind: 'sweep',
    sweep: kind.sweep,
    began: sweep?.began ?? toTimestamp(dateMs),
    completed: completed ? toTimestamp(dateMs) : null,
    state,
    wanted: members.filter(({ user }) => user.status === kind.status).length,
    read,
    next: null,
  });

  const publish = async (records: OutgoingRecord[], next: Sweep): Promise<void> => {
    records.push(toSweepRecord(topic, org, next));
    if (next.completed !== null) records.push(toSweepRun(org, next, { [kind.sweep]: next.read }));
    await run.publish(records);
    sweep = next;
    posture.sweeps.set(kind.sweep, next);
  };

  const readBatch = async (batch: readonly Member[]): Promise<void> => {
    await run.room();
    const outcome = await mapAtOnce(batch, run.settings.concurrency, async (member) => ({
      member,
      detail: await kind.read(okta, member.id, signal),
    }));
    signal.throwIfAborted();
    if (outcome.results.length > 0) {
      const dates = outcome.results.map(({ detail }) => detail.dateMs);
      sweep ??= advanceTo(Math.min(...dates), 0, 'ok', false);
      const newestMs = Math.max(...dates, beganMs());
      const records: OutgoingRecord[] = [];
      for (const { member, detail } of outcome.results) {
        const { id, user } = member;
        if (detail.kind === 'value') {
          records.push(toJsonRecord(topic, org, kind.key(org, id), detail.value));
          user[readMs] = Math.max(detail.dateMs, beganMs());
          run.fetched[kind.sweep] += 1;
        } else if (detail.kind === 'gone') {
          records.push(toJsonRecord(topic, org, userKey(org, id), toDeletedUser(id, detail.dateMs)));
          user.status = deletedStatus;
        } else {
          const origin = `GET /api/v1/users/{id}/${kind.path}`;
          const { reason, bytes, dateMs } = detail;
          records.push(
            toDeadLetterRecord({
              org,
              origin,
              reason: `User ${id}: ${reason}`,
              atMs: dateMs,
              minute: undefined,
              bytes,
            }),
          );
          unusable.add(id);
        }
      }
      const next = advanceTo(newestMs, members.filter(isRead).length, 'ok', members.every(isHandled));
      await progress.observe(newestMs, () => publish(records, next));
    }
    if (outcome.failed) throw outcome.error;
  };

  /** A pass without anybody to read is complete at once, at the time of the list that said so. */
  const completeEmpty = async (): Promise<void> => {
    const atMs = Date.parse(posture.sweeps.get('users')?.completed ?? '');
    if (Number.isNaN(atMs)) return;
    const read = members.filter(isRead).length;
    await progress.observe(atMs, () => publish([], advanceTo(atMs, read, 'ok', true)));
  };

  return {
    hasFirst: (count) => members.slice(0, count).every(isHandled),
    readFirst: async (count) => {
      try {
        const todo = members.slice(0, count).filter((member) => !isHandled(member));
        for (let at = 0; at < todo.length; at += batchUsers) await readBatch(todo.slice(at, at + batchUsers));
        if (members.every(isHandled) && sweep?.completed == null) await completeEmpty();
      } catch (error) {
        const atMs = okta.dateMs();
        if (error instanceof AppError && atMs !== undefined && !signal.aborted) {
          await publish([], advanceTo(atMs, members.filter(isRead).length, toSourceState(error), false));
        }
        throw error;
      }
    },
  };
};
