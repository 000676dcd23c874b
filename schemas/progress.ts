import { z } from 'zod';

const timestamp = z.iso.datetime({ precision: 3 });

/** How a source of records fares. `forbidden`: 403, `unauthorised`: 401, `failing`: 5xx, timeouts, network. */
export const sourceStates = ['ok', 'forbidden', 'unauthorised', 'failing'] as const;

export const progressSchema = z
  .looseObject({
    kind: z.literal('progress'),
    asOf: timestamp.describe("How far the source is read, by the clock of Okta's servers; never moves back."),
    spans: z
      .array(z.object({ from: timestamp, to: timestamp }))
      .describe('What is completely read: ascending, disjoint intervals (from, to].'),
    state: z.enum(sourceStates),
    engine: z.enum(['idx', 'v1', 'unknown']).describe('idx: Identity Engine; v1: Classic.'),
    scopes: z.array(z.string()).describe('OAuth scopes granted; empty for an SSWS token.'),
    deadLettered: z
      .array(timestamp)
      .describe('Whole minutes T of the last 10 days whose events include one that went to dead letters.'),
    cursors: z
      .record(z.string(), z.string())
      .optional()
      .describe("Where to go on reading: Okta's own next links. Only in the log's progress records."),
  })
  .describe(
    'Says that everything observed up to asOf is in the topic before this record. A fold emits readings only when it folds one.',
  );

export type Progress = z.infer<typeof progressSchema>;
export type SourceState = Progress['state'];
export type Engine = Progress['engine'];

export const sweepKinds = ['users', 'factors', 'applinks', 'policies'] as const;

export const sweepSchema = z
  .looseObject({
    kind: z.literal('sweep'),
    sweep: z.enum(sweepKinds),
    began: timestamp.describe('Date of the first response of this sweep.'),
    completed: timestamp.nullable().describe('Date of its last response; null while it runs.'),
    state: z.enum(sourceStates),
    wanted: z.int().nullable().describe('How many entities it will read; null while that is unknown.'),
    read: z.int(),
    next: z.string().nullable().describe('The next link of a list that is half read.'),
  })
  .describe(
    'The state of one pass over all entities of a kind. Complete: whoever was observed before it began and not in it is absent.',
  );

export type Sweep = z.infer<typeof sweepSchema>;
export type SweepKind = Sweep['sweep'];

/** `org/progress` and `org/sweep/KIND`, the keys of the records above. */
export const progressKey = (org: string): string => `${org}/progress`;
export const sweepKey = (org: string, kind: SweepKind): string => `${org}/sweep/${kind}`;
