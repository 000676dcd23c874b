import { z } from 'zod';
import { ingestSettingsSchema } from '../../ingest/settings.ts';
import { definitions } from '../../schemas/reading.ts';
import { slugs } from '../../schemas/slugs.ts';
import { draxisSettingsSchema } from '../../sinks/draxis/settings.ts';
import { credentialsSchema } from './credentials.ts';

/** What an org may be called: it becomes part of record keys, so it has no slash. */
export const orgNamePattern = /^[A-Za-z0-9._-]{1,100}$/;

const slug = z.enum(slugs);

export const thresholdsSchema = z
  .object({
    warn: z.number().min(0).describe('The value from which a KRI is amber.'),
    critical: z.number().min(0).describe('The value from which a KRI is red.'),
    direction: z.enum(['lower-is-worse', 'higher-is-worse']).describe('Which way the KRI gets worse.'),
  })
  .refine(({ warn, critical, direction }) => (direction === 'lower-is-worse' ? critical <= warn : critical >= warn), {
    path: ['critical'],
    error: 'it is on the wrong side of warn for this direction',
  })
  .describe('When a KRI turns amber and red.');

export type Thresholds = z.infer<typeof thresholdsSchema>;

export const orgSchema = z
  .object({
    name: z
      .string()
      .regex(orgNamePattern)
      .optional()
      .describe(
        'What the org is called: letters, digits, dot, dash, underscore. Part of all stored keys, so do not change it later. Default: the first label of the base URL.',
      ),
    base_url: z.string().describe("The org's URL as people sign in to it: https and a host, nothing else."),
    custom_domain: z
      .string()
      .optional()
      .describe(
        'The host of base_url when it is not a domain of Okta: said twice on purpose, because the token is sent there.',
      ),
    credentials: credentialsSchema.default({ token_env: 'KRIVER_OKTA_TOKEN' }),
    kris: z
      .array(slug)
      .min(1)
      .default([...slugs])
      .describe('The KRIs that are shown and pushed. All seven are computed in any case.'),
    definitions: z
      .partialRecord(slug, z.enum(definitions))
      .default({})
      .describe(
        "By KRI, which definition is shown and pushed: draxis (the default; Draxis's own derivation) or corrected.",
      ),
    thresholds: z
      .partialRecord(slug, thresholdsSchema)
      .default({})
      .describe('By KRI, its thresholds, in place of the defaults, which are ours.'),
    velocity_names: z
      .array(z.string().trim().min(1))
      .default([])
      .describe(
        'The names of the behaviours that count as impossible travel in the corrected definition, in any case. Empty: every name that contains "velocity".',
      ),
    ingest: ingestSettingsSchema.prefault({}),
    draxis: draxisSettingsSchema
      .extend({ credentials: credentialsSchema.default({ token_env: 'KRIVER_DRAXIS_TOKEN' }) })
      .optional()
      .describe('Where readings are pushed. Without this section nothing is pushed.'),
  })
  .describe('One Okta org.');

export type OrgSettings = z.infer<typeof orgSchema>;
