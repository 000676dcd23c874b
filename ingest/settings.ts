import { z } from 'zod';

/** Configuration of ingest, per org. */
export const ingestSettingsSchema = z
  .strictObject({
    lookback_hours: z
      .number()
      .int()
      .min(1)
      .max(90 * 24)
      .default(48)
      .describe('How far back the System Log is read on the first start. Okta keeps 90 days.'),
    poll_seconds: z
      .number()
      .int()
      .min(2)
      .max(300)
      .default(10)
      .describe('The wait between two looks at the System Log once it is caught up with.'),
    user_sample_cap: z
      .union([z.number().int().min(1).max(1_000_000), z.literal('all')])
      .default(2_000)
      .describe('How many ACTIVE users the sample of the two MFA indicators has, or "all".'),
    concurrency: z.number().int().min(1).max(16).default(4).describe('Calls to Okta at once, for the whole org.'),
    rate_share: z
      .number()
      .min(0.05)
      .max(1)
      .default(0.5)
      .describe("The part of each of Okta's rate limits, as this token sees them, that Kriver may use."),
    sweep_minutes: z
      .number()
      .int()
      .min(1)
      .max(7 * 1_440)
      .default(60)
      .describe('Minutes from the beginning of one pass over users, factors and app links to that of the next.'),
    policy_sweep_minutes: z
      .number()
      .int()
      .min(1)
      .max(1_440)
      .default(10)
      .describe('Minutes from the beginning of one pass over policies and their rules to that of the next.'),
    keep_user_names: z
      .boolean()
      .default(false)
      .describe('Keeps the login of users in their snapshots, so that findings name people.'),
    request_attempts: z
      .number()
      .int()
      .min(1)
      .max(20)
      .default(5)
      .describe('How often a failing call is tried before its source counts as failing. 429 is not counted.'),
    max_response_bytes: z
      .number()
      .int()
      .min(2 ** 20)
      .max(512 * 2 ** 20)
      .default(64 * 2 ** 20)
      .describe('A larger answer is refused.'),
  })
  .describe('Reading an Okta org.');

export type IngestSettings = z.infer<typeof ingestSettingsSchema>;

/** The sample's size as a number. */
export const sampleCapOf = (settings: IngestSettings): number =>
  settings.user_sample_cap === 'all' ? Number.POSITIVE_INFINITY : settings.user_sample_cap;
