import { z } from 'zod';
import { kafkaSettingsSchema } from '../../runtime/bus/kafka/settings.ts';
import { clickHouseSettingsSchema } from '../../sinks/clickhouse/settings.ts';
import { toFileSchema } from './file-schema.ts';
import { orgSchema } from './org.ts';

/** Starts of open admin sessions (7 d), the window (24 h) and the revision horizon (48 h) must all still be in the log. */
const leastLogDays = 10;

const kafkaFields = toFileSchema(kafkaSettingsSchema).shape;

/** Only Kafka has settings; whether those that it cannot do without are there is checked when it is chosen. */
const busFileSchema = z
  .object({
    kind: z
      .enum(['lmdb', 'kafka'])
      .default('lmdb')
      .describe('lmdb: a log in data_dir, for one process; kafka: topics that the processes of several stages share.'),
    ...kafkaFields,
    brokers: kafkaSettingsSchema.shape.brokers.optional(),
  })
  .describe('How records flow between stages. All other settings of this group are for kafka.');

/** The whole of kriver.yaml. */
export const settingsSchema = z
  .object({
    orgs: z.array(orgSchema).min(1).describe('The Okta orgs: a list, or a single one.'),
    data_dir: z
      .string()
      .min(1)
      .default('.kriver')
      .describe(
        'Where the log, the state and the secrets are kept. Relative paths start at the directory of this file.',
      ),
    bus: busFileSchema.prefault({}),
    clickhouse: toFileSchema(clickHouseSettingsSchema).prefault({}),
    retention: z
      .object({
        log_days: z
          .int()
          .min(leastLogDays)
          .max(3650)
          .default(14)
          .describe(
            `How long events stay in the log. At least ${leastLogDays}: open admin sessions (7 d), the window (24 h) and late events (48 h) reach back that far.`,
          ),
        readings_days: z.int().min(1).max(3650).default(30).describe('How long readings stay in their topic.'),
        dead_letters_days: z
          .int()
          .min(1)
          .max(3650)
          .default(90)
          .describe('How long records that could not be used are kept.'),
      })
      .prefault({})
      .describe('How long the topics keep what they carry.'),
    allowed_lateness_minutes: z
      .int()
      .min(0)
      .max(1440)
      .default(10)
      .describe('How long after a minute its value is still expected to change. Only older values are pushed.'),
    network: z
      .object({
        proxy: z
          .string()
          .optional()
          .describe('The URL of an HTTP proxy for Okta and Draxis, or "environment" to take HTTPS_PROXY.'),
        ca_file: z
          .string()
          .min(1)
          .optional()
          .describe("A PEM file of the certificate authorities to trust, in place of Node's own list."),
      })
      .prefault({})
      .describe('How the network is reached.'),
    log_level: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
      .default('info')
      .describe('What is logged to standard error.'),
    disk_reserve_mb: z
      .int()
      .min(0)
      .default(512)
      .describe('Reading from Okta pauses while less than this much disk space is free in data_dir.'),
  })
  .describe('The configuration of Kriver.');

export type Settings = z.infer<typeof settingsSchema>;
