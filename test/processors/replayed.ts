import type { IndicatorSettings } from '../../processors/indicator.ts';
import type { RecordedPosture } from '../../processors/replay/posture-replay.ts';
import { createReplay } from '../../processors/replay/replay.ts';
import type { ReplayTimes } from '../../processors/replay/replay-times.ts';
import type { Engine } from '../../schemas/progress.ts';
import type { Reading } from '../../schemas/reading.ts';
import type { Slug } from '../../schemas/slugs.ts';
import { event, type OktaEvent } from './events.ts';
import { factsOf } from './given.ts';

export const settings: IndicatorSettings = { org: 'recording', userSampleCap: 2_000, velocityNames: [] };
export const nobody: RecordedPosture = { users: [], policies: [], sweeps: [], newestMs: undefined };
export const pushes = 'okta_failed_mfa_push_24h';

export const denial = (atMs: number, uuid?: string): OktaEvent =>
  event('user.mfa.okta_verify.deny_push', atMs, uuid === undefined ? {} : { uuid });

/** Feeds a recording; `inOrder` is false when an event was refused, and then nothing after it was fed. */
export const replay = (
  events: readonly OktaEvent[],
  times: ReplayTimes,
  options: { sorted?: boolean; engine?: Engine; posture?: RecordedPosture } = {},
): { readings: readonly Reading[]; inOrder: boolean } => {
  const { sorted = false, engine = 'unknown', posture = nobody } = options;
  const run = createReplay({ settings, engine, times, sorted });
  const inOrder = events.every((one) => run.event(factsOf(one)));
  return { readings: run.finish(posture), inOrder };
};

export const readingsOf = (slug: Slug, readings: readonly Reading[]) =>
  readings.filter((reading) => reading.slug === slug);

export const valuesOf = (slug: Slug, readings: readonly Reading[]) =>
  readingsOf(slug, readings).map(({ asOf, draxis }) => [asOf.slice(0, 16), draxis.value]);
