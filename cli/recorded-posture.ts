import { type RecordedObject, readObjects } from '../ingest/recordings/read-objects.ts';
import {
  type LeftOut,
  toRecordedAppLinks,
  toRecordedFactors,
  toRecordedPolicies,
  toRecordedUsers,
} from '../ingest/recordings/to-posture.ts';
import { toAppLinksSnapshot, toFactorsSnapshot } from '../ingest/to-snapshot.ts';
import type { RecordedPosture } from '../processors/replay/posture-replay.ts';
import type { SweepKind } from '../schemas/progress.ts';
import type { ReplayOptions } from './handlers.ts';

/** A record of a recording that could not be used as it is. */
export interface RecordingNote {
  readonly file: string;
  readonly line: number;
  readonly reason: string;
}

type Tell = (note: RecordingNote) => void;

const observedMs = 0;

const read = async (file: string | undefined, tell: Tell): Promise<readonly RecordedObject[]> => {
  if (file === undefined) return [];
  const { objects, unusable } = await readObjects(file);
  for (const { line, reason } of unusable) tell({ file, line, reason });
  return objects;
};

const newestOf = (objects: readonly RecordedObject[]): number | undefined => {
  const times = objects
    .map(({ value }) => Date.parse(String(value['lastUpdated'])))
    .filter((time) => !Number.isNaN(time));
  return times.length === 0 ? undefined : times.reduce((a, b) => Math.max(a, b));
};

/**
 * Recorded users, factors, app links, policies and rules as snapshots. What belongs to nobody in the recording is
 * told and left out. Whom a file of factors or app links does not mention counts as having none.
 */
export const readRecordedPosture = async (options: ReplayOptions, tell: Tell): Promise<RecordedPosture> => {
  const users = await read(options.users, tell);
  const factors = await read(options.factors, tell);
  const appLinks = await read(options.appLinks, tell);
  const policies = await read(options.policies, tell);
  const rules = await read(options.policyRules, tell);
  const tellAll = (file: string | undefined, leftOut: readonly LeftOut[]) => {
    for (const { line, reason } of leftOut) tell({ file: file ?? '', line, reason });
  };

  const recorded = toRecordedUsers(users, { observedMs, keepName: false });
  tellAll(options.users, recorded.leftOut);
  const known = new Set(recorded.users.map(({ id }) => id));
  const owned = toRecordedFactors(factors, { observedMs, known });
  tellAll(options.factors, owned.leftOut);
  const linked = toRecordedAppLinks(appLinks, { observedMs, known });
  tellAll(options.appLinks, linked.leftOut);
  const withoutFactors = recorded.users.map(({ id }) => toFactorsSnapshot(id, [], observedMs));
  const withoutLinks = recorded.users.map(({ id }) => toAppLinksSnapshot(id, [], observedMs));
  const guarded = toRecordedPolicies(policies, rules, { observedMs });
  tellAll(options.policies, guarded.policiesLeftOut);
  tellAll(options.policyRules, guarded.rulesLeftOut);

  const sweeps: SweepKind[] = [];
  if (options.users !== undefined) sweeps.push('users');
  if (options.factors !== undefined) sweeps.push('factors');
  if (options.appLinks !== undefined) sweeps.push('applinks');
  if (options.policies !== undefined || options.policyRules !== undefined) sweeps.push('policies');
  return {
    users: [
      ...recorded.users,
      ...(options.factors === undefined ? [] : [...withoutFactors, ...owned.factors]),
      ...(options.appLinks === undefined ? [] : [...withoutLinks, ...linked.appLinks]),
    ],
    policies: guarded.policies,
    sweeps,
    newestMs: newestOf([...users, ...factors, ...policies, ...rules]),
  };
};
