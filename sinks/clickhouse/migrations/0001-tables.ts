/**
 * Every table is a ReplacingMergeTree over what identifies a row: the same record written again, after a crash or by a
 * replay, leaves one row for whoever reads with FINAL. Offsets are part of the identity only where all versions are kept.
 * TTLs are set by the settings afterwards.
 */
const identified = (parts: { version?: string; partition?: string; order: string }): string => `
ENGINE = ReplacingMergeTree(${parts.version ?? 'version'})
${parts.partition === undefined ? '' : `PARTITION BY toYYYYMM(${parts.partition})`}
ORDER BY (${parts.order})`;

const named = 'LowCardinality(String)';
const nullableNamed = 'LowCardinality(Nullable(String))';
const moment = "DateTime64(3, 'UTC')";

const score = (definition: string): string => `
  ${definition}_value Nullable(Float64),
  ${definition}_numerator Nullable(Int64),
  ${definition}_denominator Nullable(Int64),
  ${definition}_status ${named},
  ${definition}_reason ${nullableNamed},
  ${definition}_coverage Float64,`;

export const tables: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS events (
  org ${named},
  published ${moment} COMMENT 'When it happened, by Okta.',
  uuid String,
  event_type ${named},
  severity ${nullableNamed},
  outcome_result ${nullableNamed},
  outcome_reason ${nullableNamed},
  actor_id Nullable(String),
  actor_type ${nullableNamed},
  country ${nullableNamed},
  transaction_id Nullable(String),
  transaction_type ${nullableNamed},
  api_token_id Nullable(String),
  external_session_id Nullable(String),
  root_session_id Nullable(String),
  authn_request_id Nullable(String),
  ended_session_id Nullable(String),
  factor ${nullableNamed},
  push_only_response_type ${nullableNamed},
  behaviors Nullable(String) COMMENT 'debugContext.debugData.behaviors: a Java map as text.',
  log_only_security_data Nullable(String),
  has_user_behaviors Bool COMMENT 'False when the event had no list at all, which is not an empty list.',
  user_behaviors Array(Tuple(name String, result String)),
  targets Array(Tuple(type String, id String)),
  raw String COMMENT 'The event as Okta sent it; empty when it is older than its TTL.' CODEC(ZSTD(3)),
  version UInt64 COMMENT 'The offset in the log.'
) ${identified({ partition: 'published', order: 'org, published, uuid' })}`,

  `CREATE TABLE IF NOT EXISTS readings (
  org ${named},
  slug ${named},
  as_of DateTime('UTC') COMMENT 'T: the whole minute that the reading speaks of.',${score('draxis')}${score('corrected')}
  measures Map(${named}, Nullable(Float64)),
  version UInt64 COMMENT 'epoch * 2^48 + input offset: the highest holds.',
  digest String COMMENT 'Equal digests mean the same evidence.'
) ${identified({ partition: 'as_of', order: 'org, slug, as_of' })}`,

  `CREATE TABLE IF NOT EXISTS user_snapshots (
  org ${named},
  kind ${named} COMMENT 'user, factors or applinks: which of the columns below the row fills.',
  user_id String,
  observed_at ${moment} COMMENT 'Date of the response by Okta.',
  status ${nullableNamed},
  name Nullable(String),
  last_updated Nullable(String),
  factors Array(Tuple(id String, factor_type String, provider String, status String)),
  apps Array(Tuple(app_instance_id String, label String)),
  links Nullable(UInt32),
  version UInt64 COMMENT 'The offset in the topic.'
) ${identified({ partition: 'observed_at', order: 'org, kind, user_id, observed_at, version' })}`,

  `CREATE TABLE IF NOT EXISTS policy_snapshots (
  org ${named},
  policy_id String,
  observed_at ${moment} COMMENT 'Date of the response by Okta.',
  name String,
  status ${named},
  resource_type ${nullableNamed},
  rules Array(Tuple(id String, name String, status String, system Bool, priority Nullable(Float64),
    access Nullable(String), factor_mode Nullable(String), verification_type Nullable(String),
    verification_method Nullable(String))) COMMENT 'All rules; verification_method is JSON, null where there is none.',
  version UInt64 COMMENT 'The offset in the topic.'
) ${identified({ partition: 'observed_at', order: 'org, policy_id, observed_at, version' })}`,

  `CREATE TABLE IF NOT EXISTS sweeps (
  org ${named},
  sweep ${named},
  began ${moment},
  completed Nullable(${moment}),
  state ${named},
  wanted Nullable(UInt64),
  read UInt64,
  topic ${named},
  version UInt64 COMMENT 'The offset in the topic.'
) ${identified({ partition: 'began', order: 'org, sweep, began, version' })}`,

  `CREATE TABLE IF NOT EXISTS progress (
  org ${named},
  topic ${named},
  as_of ${moment},
  spans Array(Tuple(from ${moment}, to ${moment})),
  state ${named},
  engine ${named},
  scopes Array(String),
  dead_lettered Array(${moment}),
  version UInt64 COMMENT 'The offset in the topic.'
) ${identified({ partition: 'as_of', order: 'org, topic, as_of, version' })}`,

  `CREATE TABLE IF NOT EXISTS runs (
  org ${named},
  started ${moment},
  id String,
  trigger ${named},
  ended Nullable(${moment}),
  rows_written UInt64,
  rows_skipped UInt64,
  fetched Map(${named}, UInt64),
  error Nullable(String),
  version UInt64 COMMENT 'The offset in the topic.'
) ${identified({ partition: 'started', order: 'org, started, id' })}`,

  `CREATE TABLE IF NOT EXISTS dead_letters (
  org ${named},
  id String COMMENT 'SHA-256 of origin and bytes.',
  origin ${named},
  reason String,
  at ${moment},
  minute Nullable(${moment}),
  bytes String COMMENT 'The record, base64.' CODEC(ZSTD(3)),
  truncated Bool,
  version UInt64 COMMENT 'The offset in the topic.'
) ${identified({ order: 'org, id' })}`,

  `CREATE TABLE IF NOT EXISTS thresholds (
  org ${named},
  slug ${named},
  valid_from DateTime('UTC'),
  warn Float64,
  critical Float64,
  direction ${named} COMMENT 'higher-is-worse or lower-is-worse.',
  version UInt64 COMMENT 'When the row was written, in milliseconds since the epoch.'
) ${identified({ order: 'org, slug, valid_from' })}`,
];
