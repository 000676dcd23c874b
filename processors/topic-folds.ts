import type { BusRecord } from '../runtime/bus/bus.ts';
import { type Facts, toFacts } from '../schemas/facts.ts';
import { decodeFacts, factsHeader } from '../schemas/facts-header.ts';
import { type Progress, progressSchema } from '../schemas/progress.ts';
import type { Reading } from '../schemas/reading.ts';
import { policySnapshotsTopic, systemLogTopic, userSnapshotsTopic } from '../schemas/topics.ts';
import type { IndicatorSettings } from './indicator.ts';
import { logIndicators, policyIndicators, userIndicators } from './indicators/index.ts';
import { createLogFold } from './log/log-fold.ts';
import { createPolicyDirectory } from './posture/policy-directory.ts';
import { createPostureFold } from './posture/posture-fold.ts';
import { createUserDirectory } from './posture/user-directory.ts';
import type { StateChanges } from './state.ts';

/** The fold of one org's records of one topic. */
export interface OrgFold {
  record(record: BusRecord): void;
  progress(progress: Progress, offset: number): readonly Reading[];
  takeChanges(): StateChanges;
}

export type SavedEntries = Iterable<readonly [string, unknown]>;

export interface TopicFold {
  readonly topic: string;
  readonly createOrgFold: (settings: IndicatorSettings, saved: SavedEntries) => OrgFold;
}

const parseValue = (record: BusRecord): unknown => JSON.parse(record.value.toString('utf8'));

export const isProgress = (record: BusRecord): boolean => record.key.endsWith('/progress');

export const parseProgress = (record: BusRecord): Progress => progressSchema.parse(parseValue(record));

/** The facts of a record of `okta.system-log`, parsed anew where the header is missing or of another version. */
export const factsOf = (record: BusRecord): Facts | undefined => {
  const decoded = decodeFacts(record.headers[factsHeader]);
  if (decoded !== undefined) return decoded;
  const outcome = toFacts(parseValue(record));
  return outcome.ok ? outcome.facts : undefined;
};

export const topicFolds: readonly TopicFold[] = [
  {
    topic: systemLogTopic.name,
    createOrgFold: (settings, saved) => {
      const fold = createLogFold({ settings, indicators: logIndicators, saved });
      return {
        record: (record) => {
          if (fold.header(record.headers[factsHeader])) return;
          const facts = factsOf(record);
          if (facts !== undefined) fold.event(facts);
        },
        progress: fold.progress,
        takeChanges: fold.takeChanges,
      };
    },
  },
  {
    topic: userSnapshotsTopic.name,
    createOrgFold: (settings, saved) => {
      const users = createUserDirectory(settings.org, saved);
      const scores = userIndicators.map(({ slug, score }) => ({ slug, score: () => score(users.directory, settings) }));
      const fold = createPostureFold({ org: settings.org, source: { ...users, scores }, saved });
      return { ...fold, record: (record) => fold.record(parseValue(record)) };
    },
  },
  {
    topic: policySnapshotsTopic.name,
    createOrgFold: (settings, saved) => {
      const policies = createPolicyDirectory(saved);
      const scores = policyIndicators.map(({ slug, score }) => ({
        slug,
        score: ({ engine }: Progress) => score(policies.directory, { engine }),
      }));
      const fold = createPostureFold({ org: settings.org, source: { ...policies, scores }, saved });
      return { ...fold, record: (record) => fold.record(parseValue(record)) };
    },
  },
];
