import { z } from 'zod';

export const runTriggers = ['push', 'sweep', 'once', 'replay'] as const;

export const runSchema = z
  .looseObject({
    id: z.string(),
    org: z.string(),
    trigger: z.enum(runTriggers),
    started: z.iso.datetime({ precision: 3 }),
    ended: z.iso.datetime({ precision: 3 }).nullable(),
    rowsWritten: z.int().describe('KRI values that Draxis took.'),
    rowsSkipped: z.int().describe('KRI values for slugs that the tenant has not wired.'),
    fetched: z
      .record(z.string(), z.int())
      .describe('What was read from Okta, by kind: events, users, factors, applinks, policies, requests.'),
    error: z.string().nullable(),
  })
  .describe('A push cycle, a sweep, a `once` or a replay.');

export type Run = z.infer<typeof runSchema>;

export const runKey = (org: string, id: string): string => `${org}/${id}`;
