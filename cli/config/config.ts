import type { IngestSettings } from '../../ingest/settings.ts';
import type { KafkaSettings } from '../../runtime/bus/kafka/settings.ts';
import type { Secret } from '../../runtime/secret.ts';
import type { Definition } from '../../schemas/reading.ts';
import type { Slug } from '../../schemas/slugs.ts';
import type { ClickHouseSettings } from '../../sinks/clickhouse/settings.ts';
import type { DraxisSettings } from '../../sinks/draxis/settings.ts';
import type { Thresholds } from './org.ts';
import type { Settings } from './settings.ts';

/** The resolved configuration: file and environment joined, defaults filled in, tokens read, paths absolute. */
export interface Config {
  /** The file that was read, if any. */
  readonly file: string | undefined;
  readonly dataDirectory: string;
  /** At least one; names are unique. */
  readonly orgs: readonly OrgConfig[];
  readonly bus: BusConfig;
  readonly clickHouse: ClickHouseSettings;
  readonly retention: Settings['retention'];
  readonly allowedLatenessMinutes: number;
  readonly network: NetworkConfig;
  readonly logLevel: Settings['log_level'];
  readonly diskReserveMb: number;
  /** KRIVER_ALLOW_LOOPBACK: http and https on this machine are permitted, for tests and the demo. */
  readonly allowLoopback: boolean;
}

/** How records flow: through a log in the data directory, for one process, or through Kafka, for many. */
export type BusConfig = { readonly kind: 'lmdb' } | { readonly kind: 'kafka'; readonly kafka: KafkaSettings };

export interface NetworkConfig {
  /** A URL, secret because it may carry a password. */
  readonly proxy: Secret | undefined;
  /** PEM text of the certificate authorities to trust, in place of Node's own list. */
  readonly certificateAuthorities: string | undefined;
}

export interface OrgConfig {
  readonly name: string;
  readonly baseUrl: URL;
  /** Hosts outside Okta's domains that the operator allows: none or the one of baseUrl. */
  readonly customDomains: readonly string[];
  readonly token: Secret;
  /** The KRIs that are shown and pushed, in the order of `slugs`. */
  readonly kris: readonly Slug[];
  readonly definitions: Readonly<Record<Slug, Definition>>;
  /** What the operator set; the indicators' own defaults hold for the others. */
  readonly thresholds: Readonly<Partial<Record<Slug, Thresholds>>>;
  readonly velocityNames: readonly string[];
  readonly ingest: IngestSettings;
  /** Absent: nothing is pushed. */
  readonly draxis: DraxisConfig | undefined;
}

export interface DraxisConfig {
  readonly settings: DraxisSettings;
  readonly token: Secret;
}
