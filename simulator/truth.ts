import { type Factor, factorKinds } from './world/factors.ts';
import type { Planted } from './world/labels.ts';
import type { UserState } from './world/posture.ts';
import { ruleShapes } from './world/rule-shapes.ts';
import type { World } from './world/world.ts';

/** One KRI by one definition. Counts have a null denominator. */
export interface TruthScore {
  numerator: number;
  denominator: number | null;
}

export interface Truth {
  draxis: TruthScore;
  corrected: TruthScore;
}

export type TruthTable = Record<
  | 'okta_mfa_adoption_pct'
  | 'okta_phish_resistant_mfa_pct'
  | 'okta_inactive_users_with_app_access'
  | 'okta_impossible_travel_24h'
  | 'okta_admin_session_outliers_24h'
  | 'okta_failed_mfa_push_24h'
  | 'okta_app_policy_exceptions',
  Truth
>;

export interface TruthOptions {
  /** Count only events persisted by then. Default: the world's clock, which is what the log has served by now. */
  persistedByMs?: number;
  /** Who is in the sample of ACTIVE users, and which SUSPENDED users are within the cap; everybody by default. */
  sampled?: (userId: string) => boolean;
}

const hourMs = 3_600_000;
const longSessionMs = 8 * hourMs;
const count = (numerator: number): TruthScore => ({ numerator, denominator: null });
const none: Truth = { draxis: count(0), corrected: count(0) };

const travelTruth = (labels: readonly Planted[]): Truth => {
  const signIns = labels.flatMap((label) => (label.kind === 'travel_positive' ? [label.signIn] : []));
  return {
    draxis: count(labels.filter((label) => label.kind === 'travel_contains').length),
    corrected: count(new Set(signIns).size),
  };
};

const pushTruth = (labels: readonly Planted[]): Truth => {
  const classic = labels.filter((label) => label.kind === 'push_denial_classic').length;
  const engine = labels.filter((label) => label.kind === 'push_denial_engine').length;
  return { draxis: count(classic), corrected: count(classic + engine) };
};

interface Story {
  user: string | undefined;
  starts: number[];
  /** Ends by the session's own id, and ends that name it in another way. */
  ends: number[];
  otherEnds: number[];
}

const toStories = (labels: readonly Planted[]): Map<string, Story> => {
  const stories = new Map<string, Story>();
  const story = (session: string): Story => {
    const known = stories.get(session) ?? { user: undefined, starts: [], ends: [], otherEnds: [] };
    stories.set(session, known);
    return known;
  };
  for (const label of labels) {
    if (label.kind === 'admin_access') {
      const told = story(label.session);
      told.user = label.user;
      told.starts.push(label.atMs);
    } else if (label.kind === 'admin_end') {
      const told = story(label.session);
      (label.by === 'externalSessionId' ? told.ends : told.otherEnds).push(label.atMs);
    }
  }
  return stories;
};

const earliest = (times: readonly number[]): number | undefined =>
  times.length === 0 ? undefined : Math.min(...times);

/** Both the first entry and the first sign-out of one id lie in the window, more than eight hours apart. */
const batchSessions = (labels: readonly Planted[]): number => {
  let outliers = 0;
  for (const { starts, ends } of toStories(labels).values()) {
    const start = earliest(starts);
    const end = earliest(ends);
    if (start !== undefined && end !== undefined && end - start > longSessionMs) outliers++;
  }
  return outliers;
};

/**
 * Ends of any kind in the window, more than eight hours after the first entry that they end: one that is not later, not
 * older than seven days, and not ended before. A session that is entered again after its end counts as another one.
 */
const trueSessions = (labels: readonly Planted[], windowStartMs: number): number => {
  let outliers = 0;
  for (const { user, starts, ends, otherEnds } of toStories(labels).values()) {
    const clears = labels.flatMap((label) => (label.kind === 'admin_clear' && label.user === user ? [label.atMs] : []));
    let endedMs = Number.NEGATIVE_INFINITY;
    for (const endMs of [...ends, ...otherEnds, ...clears].sort((a, b) => a - b)) {
      const ended = starts.filter((atMs) => atMs > endedMs && atMs <= endMs && endMs - atMs <= 7 * 24 * hourMs);
      const start = earliest(ended);
      if (start !== undefined && endMs > windowStartMs && endMs - start > longSessionMs) outliers++;
      endedMs = endMs;
    }
  }
  return outliers;
};

const works = (factor: Factor) => factor.status === 'ACTIVE';

const peopleTruth = (users: readonly UserState[], sampled: (userId: string) => boolean) => {
  const active = users.filter((user) => user.status === 'ACTIVE');
  const sample = active.filter((user) => sampled(user.person.id));
  const enrolledByBatch = sample.filter((user) =>
    user.factors.some((factor) => works(factor) && factorKinds[factor.kind].counts !== 'none'),
  );
  const enrolled = active.filter((user) =>
    user.factors.some((factor) => works(factor) && factorKinds[factor.kind].counts === 'both'),
  );
  const resistantByBatch = enrolledByBatch.filter((user) =>
    user.factors.some((factor) => factorKinds[factor.kind].resistant === 'both'),
  );
  const resistant = enrolled.filter((user) =>
    user.factors.some((factor) => works(factor) && factorKinds[factor.kind].resistant !== 'none'),
  );
  const holding = users.filter((user) => user.status === 'SUSPENDED' && user.apps.length > 0);
  return {
    okta_mfa_adoption_pct: {
      draxis: { numerator: enrolledByBatch.length, denominator: sample.length },
      corrected: { numerator: enrolled.length, denominator: active.length },
    },
    okta_phish_resistant_mfa_pct: {
      draxis: { numerator: resistantByBatch.length, denominator: enrolledByBatch.length },
      corrected: { numerator: resistant.length, denominator: enrolled.length },
    },
    okta_inactive_users_with_app_access: {
      draxis: count(holding.filter((user) => sampled(user.person.id)).length),
      corrected: count(holding.length),
    },
  };
};

const policyTruth = (world: World, atMs: number): Truth => {
  let draxis = 0;
  let corrected = 0;
  for (const policy of world.posture.policiesAt(atMs)) {
    for (const rule of policy.rules) {
      if (rule.status !== 'ACTIVE') continue;
      if (ruleShapes[rule.shape].draxis) draxis++;
      const guardsApps = policy.status === 'ACTIVE' && policy.resourceType !== 'END_USER_ACCOUNT_MANAGEMENT';
      if (ruleShapes[rule.shape].corrected && guardsApps) corrected++;
    }
  }
  return { draxis: count(draxis), corrected: count(corrected) };
};

/**
 * The seven KRIs at T (milliseconds, a whole minute) by both definitions, from what the generator planted: the log
 * ones over T-24h < published <= T, the posture ones as the org is at T. In a Classic org policies are none.
 */
export const truthAt = (world: World, atMs: number, options: TruthOptions = {}): TruthTable => {
  const seenMs = options.persistedByMs ?? world.options.clock.now();
  const windowStartMs = atMs - 24 * hourMs;
  const labels = world.labels(windowStartMs, atMs, seenMs);
  const week = world.labels(atMs - 8 * 24 * hourMs, atMs, seenMs).filter((label) => label.kind.startsWith('admin_'));
  return {
    ...peopleTruth(world.posture.usersAt(atMs), options.sampled ?? (() => true)),
    okta_impossible_travel_24h: travelTruth(labels),
    okta_admin_session_outliers_24h: {
      draxis: count(batchSessions(labels)),
      corrected: count(trueSessions(week, windowStartMs)),
    },
    okta_failed_mfa_push_24h: pushTruth(labels),
    okta_app_policy_exceptions: world.options.engine === 'v1' ? none : policyTruth(world, atMs),
  };
};
