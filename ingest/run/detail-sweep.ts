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

  const toSweep = (dateMs: number, counts: { read: number; wanted: number }, change: Partial<Sweep> = {}): Sweep => ({
    kind: 'sweep',
    sweep: kind.sweep,
    began: sweep?.began ?? toTimestamp(dateMs),
    completed: null,
    state: 'ok',
    ...counts,
    next: null,
    ...change,
  });

  const counted = (): { read: number; wanted: number } => ({
    read: members.filter(isRead).length,
    wanted: members.filter(({ user }) => user.status === kind.status).length,
  });

  const publish = async (records: readonly OutgoingRecord[], next: Sweep): Promise<void> => {
    const all = [...records, toSweepRecord(topic, org, next)];
    if (next.completed !== null) all.push(toSweepRun(org, next, { [kind.sweep]: next.read ?? 0 }));
    await run.publish(all);
    sweep = next;
    posture.sweeps.set(kind.sweep, next);
  };

  const toRecord = ({ id }: Member, detail: Detail<object>): OutgoingRecord => {
    if (detail.kind === 'gone') {
      return toJsonRecord(topic, org, userKey(org, id), toDeletedUser(id, detail.dateMs));
    }
    if (detail.kind === 'value') {
      // Okta's servers may differ by a second; nobody of this pass was observed before it began.
      const observedAt = toTimestamp(Math.max(detail.dateMs, beganMs()));
      return toJsonRecord(topic, org, kind.key(org, id), { ...detail.value, observedAt });
    }
    const origin = `GET /api/v1/users/{id}/${kind.path}`;
    const { bytes, dateMs } = detail;
    const reason = `User ${id}: ${detail.reason}`;
    return toDeadLetterRecord({ org, origin, reason, atMs: dateMs, minute: undefined, bytes });
  };

  const remember = ({ id, user }: Member, detail: Detail<object>): void => {
    if (detail.kind === 'gone') user.status = deletedStatus;
    else if (detail.kind === 'unusable') unusable.add(id);
    else user[readMs] = Math.max(detail.dateMs, beganMs());
  };

  const readBatch = async (batch: readonly Member[]): Promise<void> => {
    await run.room();
    const { results, failed, error } = await mapAtOnce(batch, run.settings.concurrency, async (member) => ({
      member,
      detail: await kind.read(okta, member.id, signal),
    }));
    signal.throwIfAborted();
    if (results.length > 0) {
      const dates = results.map(({ detail }) => detail.dateMs);
      sweep ??= toSweep(Math.min(...dates), counted());
      const newestMs = Math.max(...dates, beganMs());
      const before = counted();
      const values = results.filter(({ detail }) => detail.kind === 'value').length;
      const gone = results.filter(({ detail }) => detail.kind === 'gone').length;
      const counts = { read: before.read + values, wanted: before.wanted - gone };
      const inBatch = new Set(results.map(({ member }) => member));
      const complete = members.every((member) => inBatch.has(member) || isHandled(member));
      const next = toSweep(newestMs, counts, { completed: complete ? toTimestamp(newestMs) : null });
      const records = results.map(({ member, detail }) => toRecord(member, detail));
      await progress.observe(newestMs, () => publish(records, next));
      // What the bus did not take is not known, and is read again.
      for (const { member, detail } of results) remember(member, detail);
      run.fetched[kind.sweep] += values;
    }
    if (failed) throw error;
  };

  /** A pass without anybody to read is complete at once, at the time of the list that said so. */
  const completeEmpty = async (): Promise<void> => {
    const atMs = Date.parse(posture.sweeps.get('users')?.completed ?? '');
    if (Number.isNaN(atMs)) return;
    const next = toSweep(atMs, counted(), { completed: toTimestamp(atMs) });
    await progress.observe(atMs, () => publish([], next));
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
          await publish([], toSweep(atMs, counted(), { state: toSourceState(error) }));
        }
        throw error;
      }
    },
  };
};
