import { z } from 'zod';
import { slugs } from '../../schemas/slugs.ts';

export const cadences = ['on-change', 'hourly', 'daily', 'manual'] as const;
export type Cadence = (typeof cadences)[number];

/** What a push can say, by the names that `argument_names` uses. */
export const pushFields = ['slug', 'value', 'timestamp', 'note'] as const;
export type PushField = (typeof pushFields)[number];

/** How one org's readings go to Draxis. The access token is kept apart, as a secret. */
export const draxisSettingsSchema = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/ })
      .default('https://app.draxis.ai/api/mcp')
      .describe('The MCP endpoint of Draxis. https, or http on loopback where that is allowed.'),
    cadence: z
      .enum(cadences)
      .default('on-change')
      .describe(
        'on-change: when the value changed, and at least every 24 h; hourly, daily (UTC): the first reading of each; manual: never by itself. The time of the reading counts, not the time of day.',
      ),
    minimum_coverage: z
      .number()
      .min(0)
      .max(1)
      .default(0.95)
      .describe('A partial reading is pushed when at least this share was read; its note says so.'),
    argument_names: z
      .partialRecord(z.enum(pushFields), z.string().min(1))
      .default({})
      .describe(
        "Arguments of the tool push_kri_value that carry slug, value, timestamp and note, where the tool's own schema does not tell.",
      ),
    fixed_arguments: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
      .default({})
      .describe('Further arguments of push_kri_value with a value that is the same in every push.'),
    slugs: z
      .partialRecord(z.enum(slugs), z.string().min(1))
      .default({})
      .describe("The tenant's own slug of a KRI, where it differs from ours."),
  })
  .describe('Pushing readings to Draxis.');

export type DraxisSettings = z.infer<typeof draxisSettingsSchema>;
