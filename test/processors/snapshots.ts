import type { IndicatorSettings, PostureScored } from '../../processors/indicator.ts';
import { policyIndicators, userIndicators } from '../../processors/indicators/index.ts';
import { createPolicyDirectory } from '../../processors/posture/policy-directory.ts';
import { createPostureFold } from '../../processors/posture/posture-fold.ts';
import { createUserDirectory } from '../../processors/posture/user-directory.ts';
import type { Engine, Progress, Sweep, SweepKind } from '../../schemas/progress.ts';
import type { Reading } from '../../schemas/reading.ts';
import type { Slug } from '../../schemas/slugs.ts';
import { minuteMs, toTimestamp } from '../../schemas/time.ts';
import { noon } from './events.ts';
import { settings as allSettings, org } from './given.ts';
import { createSaved } from './saved.ts';

/** The Date of an answer of Okta's, as so many minutes after noon. */
export const at = (minutes: number): string => toTimestamp(noon + minutes * minuteMs);

export const user = (id: string, status = 'ACTIVE', minutes = 0) => ({
  kind: 'user',
  id,
  status,
  observedAt: at(minutes),
});

/** `TYPE PROVIDER STATUS`, as `push OKTA ACTIVE`. */
export const factors = (id: string, list: readonly string[], minutes = 0) => ({
  kind: 'factors',
  id,
  factors: list.map((text, index) => {
    const [factorType, provider, status] = text.split(' ');
    return { id: `f${index}`, factorType, provider, status };
  }),
  observedAt: at(minutes),
});

export const appLinks = (id: string, links: number, minutes = 0) => ({
  kind: 'applinks',
  id,
  apps: Array.from({ length: links }, (_, index) => ({ appInstanceId: `0oa${index}` })),
  links,
  observedAt: at(minutes),
});

export const sweep = (kind: SweepKind, more: Partial<Sweep> = {}): Sweep => ({
  kind: 'sweep',
  sweep: kind,
  began: at(0),
  completed: at(0),
  state: 'ok',
  wanted: null,
  read: 0,
  next: null,
  ...more,
});

export const policy = (
  id: string,
  rules: readonly Readonly<Record<string, unknown>>[],
  more: { status?: string; resourceType?: string | null; observedAt?: string } = {},
) => ({
  kind: 'policy',
  id,
  status: 'ACTIVE',
  resourceType: 'APP',
  observedAt: at(0),
  rules: rules.map((rule, index) => ({ id: `rule${index}`, status: 'ACTIVE', access: 'ALLOW', ...rule })),
  ...more,
});

export const postureProgress = (minutes: number, more: Partial<Progress> = {}): Progress => ({
  kind: 'progress',
  asOf: at(minutes),
  spans: [],
  state: 'ok',
  engine: 'idx',
  scopes: [],
  deadLettered: [],
  ...more,
});

const isProgress = (value: unknown): value is Progress => (value as { kind: string }).kind === 'progress';

/** Folds records of `okta.user-snapshots` or `okta.policy-snapshots` in their order. */
export const postureReadings = (
  topic: 'users' | 'policies',
  values: readonly unknown[],
  options: { restarts?: boolean; settings?: Partial<IndicatorSettings>; epoch?: number } = {},
): readonly Reading[] => {
  const settings = { ...allSettings, ...options.settings };
  const saved = createSaved();
  const create = () => {
    const entries = saved.entries();
    if (topic === 'users') {
      const users = createUserDirectory(org, entries);
      const scores = userIndicators.map(({ slug, score }) => ({ slug, score: () => score(users.directory, settings) }));
      return createPostureFold({ org, source: { ...users, scores }, saved: entries, epoch: options.epoch ?? 0 });
    }
    const policies = createPolicyDirectory(entries);
    const toScore =
      (score: (directory: typeof policies.directory, context: { engine: Engine }) => PostureScored) =>
      ({ engine }: Progress) =>
        score(policies.directory, { engine });
    const scores = policyIndicators.map(({ slug, score }) => ({ slug, score: toScore(score) }));
    return createPostureFold({ org, source: { ...policies, scores }, saved: entries, epoch: options.epoch ?? 0 });
  };
  let fold = create();
  const readings: Reading[] = [];
  for (const [offset, value] of values.entries()) {
    if (isProgress(value)) readings.push(...fold.progress(value, offset));
    else fold.record(value);
    if (!options.restarts) continue;
    saved.take(fold.takeChanges());
    fold = create();
  }
  return readings;
};

/** The reading of the last progress record, made with and without restarts: both must be the same. */
export const lastReading = (
  topic: 'users' | 'policies',
  slug: Slug,
  values: readonly unknown[],
  settings: Partial<IndicatorSettings> = {},
): Reading => {
  const of = (restarts: boolean) =>
    postureReadings(topic, values, { restarts, settings }).findLast((reading) => reading.slug === slug);
  const [plain, restarted] = [of(false), of(true)];
  if (plain === undefined || JSON.stringify(plain) !== JSON.stringify(restarted)) {
    throw new Error(`A restart changes the reading: ${JSON.stringify([plain, restarted])}`);
  }
  return plain;
};
