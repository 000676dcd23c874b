import { z } from 'zod';
import { deadLetterSchema } from './dead-letter.ts';
import { logEventSchema } from './okta/log-event.ts';
import { progressSchema, sweepSchema } from './progress.ts';
import { readingSchema } from './reading.ts';
import { runSchema } from './run.ts';
import {
  appLinksSnapshotSchema,
  factorsSnapshotSchema,
  policySnapshotSchema,
  userSnapshotSchema,
} from './snapshots.ts';
import { defineTopic, type Topic } from './topic.ts';

/** The key of an event is the org alone: order within an org is what matters, and uuid and published are in the value. */
export const systemLogTopic = defineTopic({
  name: 'okta.system-log',
  version: 1,
  key: 'ORG, ORG/progress',
  description: 'System Log events as Okta sent them, header `facts`; and the progress of reading them.',
  value: z.union([progressSchema, logEventSchema]),
  retention: { cleanup: 'delete', days: 14 },
});

export const userSnapshotsTopic = defineTopic({
  name: 'okta.user-snapshots',
  version: 1,
  key: 'ORG/user/U, ORG/user/U/factors, ORG/user/U/applinks, ORG/sweep/KIND, ORG/progress',
  description: 'Users, their factors and, of suspended ones, their app links, as last read.',
  value: z.discriminatedUnion('kind', [
    userSnapshotSchema,
    factorsSnapshotSchema,
    appLinksSnapshotSchema,
    sweepSchema,
    progressSchema,
  ]),
  retention: { cleanup: 'compact', days: 14 },
});

export const policySnapshotsTopic = defineTopic({
  name: 'okta.policy-snapshots',
  version: 1,
  key: 'ORG/policy/P, ORG/sweep/policies, ORG/progress',
  description: 'Access policies, each with all its rules, as last read.',
  value: z.discriminatedUnion('kind', [policySnapshotSchema, sweepSchema, progressSchema]),
  retention: { cleanup: 'compact', days: 14 },
});

export const readingsTopic = defineTopic({
  name: 'kri.readings',
  version: 1,
  key: 'ORG/SLUG/T, ORG/progress',
  description: 'Readings, and the progress of the log so that sinks know the watermark.',
  value: z.union([progressSchema, readingSchema]),
  retention: { cleanup: 'delete', days: 30 },
});

export const runsTopic = defineTopic({
  name: 'kriver.runs',
  version: 1,
  key: 'ORG/RUN',
  description: 'What Kriver did and when: push cycles, sweeps, single passes, replays.',
  value: runSchema,
  retention: { cleanup: 'compact', days: 90 },
});

export const deadLettersTopic = defineTopic({
  name: 'kriver.dead-letters',
  version: 1,
  key: 'ORIGIN',
  description: 'Records that could not be used, with the reason and their bytes.',
  value: deadLetterSchema,
  retention: { cleanup: 'delete', days: 90 },
});

export const topics: readonly Topic[] = [
  systemLogTopic,
  userSnapshotsTopic,
  policySnapshotsTopic,
  readingsTopic,
  runsTopic,
  deadLettersTopic,
];
