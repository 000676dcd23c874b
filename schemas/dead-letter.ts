import { z } from 'zod';

export const deadLetterSchema = z
  .looseObject({
    id: z.string().describe('SHA-256 of origin and bytes: the same bad record has the same id.'),
    org: z.string(),
    origin: z.string().describe('Where it came from: a topic, a table, or an Okta path.'),
    reason: z.string().describe('What is wrong with it, where, and what to do.'),
    at: z.iso.datetime({ precision: 3 }).describe("Okta's Date when it was read, or the asOf of the batch."),
    minute: z.iso.datetime({ precision: 3 }).nullable().describe('The minute T whose windows lack it.'),
    bytes: z.string().describe('The record itself, base64.'),
    truncated: z.boolean().describe('True when it was larger than a record may be and only its beginning is kept.'),
  })
  .describe('A record that could not be used, kept whole so that nothing is lost.');

export type DeadLetter = z.infer<typeof deadLetterSchema>;
