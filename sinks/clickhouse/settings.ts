import { z } from 'zod';
import { Secret } from '../../runtime/secret.ts';

const days = (fallback: number, minimum: number) => z.int().min(minimum).max(36_500).default(fallback);

/**
 * Events must outlive what folds still need of them: 7 days of open admin sessions, the 24-hour window and 48 hours of
 * revisions.
 */
const shortestEventDays = 10;

export const clickHouseSettingsSchema = z
  .strictObject({
    kind: z
      .enum(['embedded', 'server', 'none'])
      .default('embedded')
      .describe('embedded: the engine in this process (npm package chdb); server: over HTTP; none: nothing is stored.'),
    path: z
      .string()
      .min(1)
      .optional()
      .describe('embedded: the directory of the database. Default: clickhouse/ in the data directory.'),
    url: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe('server: where it answers, for example https://clickhouse.example.com:8443.'),
    user: z.string().min(1).default('default').describe('server: the user that Kriver signs in as.'),
    password: z.instanceof(Secret).optional().describe('server: the password of that user, a secret.'),
    database: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
      .default('default')
      .describe('server: the database that holds the tables; it must exist.'),
    ca: z
      .string()
      .optional()
      .describe("server: PEM text of the authorities to trust for https, in place of Node's own list."),
    certificate: z
      .string()
      .optional()
      .describe('server: PEM text of the certificate that Kriver shows, for mutual TLS.'),
    key: z.instanceof(Secret).optional().describe('server: PEM text of the key of that certificate.'),
    cluster: z
      .string()
      .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/)
      .optional()
      .describe('server: the cluster, as its servers call it, over which tables are replicated and sharded by org.'),
    sql_user: z
      .string()
      .min(1)
      .optional()
      .describe('server: the user for `kriver sql`, who may only read. Default: user, read-only by request.'),
    sql_password: z.instanceof(Secret).optional().describe('server: the password of sql_user, a secret.'),
    events_ttl_days: days(400, shortestEventDays).describe(
      'How long events are kept as typed columns, in days after they were published.',
    ),
    raw_ttl_days: days(30, 1).describe("How long Okta's own JSON of an event is kept, in days after it was published."),
    readings_ttl_days: days(1_095, 10).describe(
      'How long readings are kept, in days after the minute that they speak of.',
    ),
    snapshots_ttl_days: days(400, shortestEventDays).describe(
      'How long snapshots of users and policies, sweeps and progress are kept, in days.',
    ),
    runs_ttl_days: days(400, 1).describe('How long runs and dead letters are kept, in days.'),
    sql_max_seconds: z.int().min(1).max(3_600).default(30).describe('How long one query of `kriver sql` may run.'),
    sql_max_memory_mb: z
      .int()
      .min(16)
      .max(1_048_576)
      .default(1_024)
      .describe('How much memory one query of `kriver sql` may use.'),
    sql_max_rows: z
      .int()
      .min(1)
      .max(10_000_000)
      .default(100_000)
      .describe('How many rows one query of `kriver sql` may give.'),
  })
  .refine((settings) => settings.kind !== 'server' || settings.url !== undefined, {
    path: ['url'],
    message: 'kind is server: give the url of the ClickHouse server.',
  })
  .refine((settings) => (settings.certificate === undefined) === (settings.key === undefined), {
    path: ['certificate'],
    message: 'certificate and key go together: give both or neither.',
  })
  .refine((settings) => settings.sql_password === undefined || settings.sql_user !== undefined, {
    path: ['sql_user'],
    message: 'sql_password is given: name the sql_user that it belongs to.',
  })
  .refine((settings) => settings.raw_ttl_days <= settings.events_ttl_days, {
    path: ['raw_ttl_days'],
    message: 'raw_ttl_days must not be larger than events_ttl_days.',
  })
  .describe('Where events, snapshots and readings are stored for SQL, the dashboard and replays.');

export type ClickHouseSettings = z.infer<typeof clickHouseSettingsSchema>;
