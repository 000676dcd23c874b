CREATE TABLE IF NOT EXISTS kriver_migrations_local ON CLUSTER 'kris' (
  number UInt32, name String, applied DateTime DEFAULT now()
) ENGINE = ReplicatedReplacingMergeTree ORDER BY number;

CREATE TABLE IF NOT EXISTS kriver_migrations ON CLUSTER 'kris' AS kriver_migrations_local
ENGINE = Distributed('kris', 'kriver', 'kriver_migrations_local', cityHash64(number));

CREATE TABLE IF NOT EXISTS events_local ON CLUSTER 'kris' (
  org LowCardinality(String),
  published DateTime64(3, 'UTC') COMMENT 'When it happened, by Okta.',
  uuid String,
  event_type LowCardinality(String),
  severity LowCardinality(Nullable(String)),
  outcome_result LowCardinality(Nullable(String)),
  outcome_reason LowCardinality(Nullable(String)),
  actor_id Nullable(String),
  actor_type LowCardinality(Nullable(String)),
  country LowCardinality(Nullable(String)),
  transaction_id Nullable(String),
  transaction_type LowCardinality(Nullable(String)),
  api_token_id Nullable(String),
  external_session_id Nullable(String),
  root_session_id Nullable(String),
  authn_request_id Nullable(String),
  ended_session_id Nullable(String),
  factor LowCardinality(Nullable(String)),
  push_only_response_type LowCardinality(Nullable(String)),
  behaviors Nullable(String) COMMENT 'debugContext.debugData.behaviors: a Java map as text.',
  log_only_security_data Nullable(String),
  has_user_behaviors Bool COMMENT 'False when the event had no list at all, which is not an empty list.',
  user_behaviors Array(Tuple(name String, result String)),
  targets Array(Tuple(type String, id String)),
  raw String COMMENT 'The event as Okta sent it; empty when it is older than its TTL.' CODEC(ZSTD(3)),
  version UInt64 COMMENT 'The offset in the log.'
) ENGINE = ReplicatedReplacingMergeTree(version)
PARTITION BY toYYYYMM(published)
ORDER BY (org, published, uuid);

CREATE TABLE IF NOT EXISTS events ON CLUSTER 'kris' AS events_local
ENGINE = Distributed('kris', 'kriver', 'events_local', cityHash64(org));

CREATE TABLE IF NOT EXISTS readings_local ON CLUSTER 'kris' (
  org LowCardinality(String),
  slug LowCardinality(String),
  as_of DateTime('UTC') COMMENT 'T: the whole minute that the reading speaks of.',
  draxis_value Nullable(Float64),
  draxis_numerator Nullable(Int64),
  draxis_denominator Nullable(Int64),
  draxis_status LowCardinality(String),
  draxis_reason LowCardinality(Nullable(String)),
  draxis_coverage Float64,
  corrected_value Nullable(Float64),
  corrected_numerator Nullable(Int64),
  corrected_denominator Nullable(Int64),
  corrected_status LowCardinality(String),
  corrected_reason LowCardinality(Nullable(String)),
  corrected_coverage Float64,
  measures Map(LowCardinality(String), Nullable(Float64)),
  version UInt64 COMMENT 'epoch * 2^48 + input offset: the highest holds.',
  digest String COMMENT 'Equal digests mean the same evidence.'
) ENGINE = ReplicatedReplacingMergeTree(version)
PARTITION BY toYYYYMM(as_of)
ORDER BY (org, slug, as_of);

CREATE TABLE IF NOT EXISTS readings ON CLUSTER 'kris' AS readings_local
ENGINE = Distributed('kris', 'kriver', 'readings_local', cityHash64(org));

CREATE TABLE IF NOT EXISTS user_snapshots_local ON CLUSTER 'kris' (
  org LowCardinality(String),
  kind LowCardinality(String) COMMENT 'user, factors or applinks: which of the columns below the row fills.',
  user_id String,
  observed_at DateTime64(3, 'UTC') COMMENT 'Date of the response by Okta.',
  status LowCardinality(Nullable(String)),
  name Nullable(String),
  last_updated Nullable(String),
  factors Array(Tuple(id String, factor_type String, provider String, status String)),
  apps Array(Tuple(app_instance_id String, label String)),
  links Nullable(UInt32),
  version UInt64 COMMENT 'The offset in the topic.'
) ENGINE = ReplicatedReplacingMergeTree(version)
PARTITION BY toYYYYMM(observed_at)
ORDER BY (org, kind, user_id, observed_at, version);

CREATE TABLE IF NOT EXISTS user_snapshots ON CLUSTER 'kris' AS user_snapshots_local
ENGINE = Distributed('kris', 'kriver', 'user_snapshots_local', cityHash64(org));

CREATE TABLE IF NOT EXISTS policy_snapshots_local ON CLUSTER 'kris' (
  org LowCardinality(String),
  policy_id String,
  observed_at DateTime64(3, 'UTC') COMMENT 'Date of the response by Okta.',
  name String,
  status LowCardinality(String),
  resource_type LowCardinality(Nullable(String)),
  rules Array(Tuple(id String, name String, status String, system Bool, priority Nullable(Float64),
    access Nullable(String), factor_mode Nullable(String), verification_type Nullable(String),
    verification_method Nullable(String))) COMMENT 'All rules; verification_method is JSON, null where there is none.',
  version UInt64 COMMENT 'The offset in the topic.'
) ENGINE = ReplicatedReplacingMergeTree(version)
PARTITION BY toYYYYMM(observed_at)
ORDER BY (org, policy_id, observed_at, version);

CREATE TABLE IF NOT EXISTS policy_snapshots ON CLUSTER 'kris' AS policy_snapshots_local
ENGINE = Distributed('kris', 'kriver', 'policy_snapshots_local', cityHash64(org));

CREATE TABLE IF NOT EXISTS sweeps_local ON CLUSTER 'kris' (
  org LowCardinality(String),
  sweep LowCardinality(String),
  began DateTime64(3, 'UTC'),
  completed Nullable(DateTime64(3, 'UTC')),
  state LowCardinality(String),
  wanted Nullable(UInt64),
  read UInt64,
  topic LowCardinality(String),
  version UInt64 COMMENT 'The offset in the topic.'
) ENGINE = ReplicatedReplacingMergeTree(version)
PARTITION BY toYYYYMM(began)
ORDER BY (org, sweep, began, version);

CREATE TABLE IF NOT EXISTS sweeps ON CLUSTER 'kris' AS sweeps_local
ENGINE = Distributed('kris', 'kriver', 'sweeps_local', cityHash64(org));

CREATE TABLE IF NOT EXISTS progress_local ON CLUSTER 'kris' (
  org LowCardinality(String),
  topic LowCardinality(String),
  as_of DateTime64(3, 'UTC'),
  spans Array(Tuple(from DateTime64(3, 'UTC'), to DateTime64(3, 'UTC'))),
  state LowCardinality(String),
  engine LowCardinality(String),
  scopes Array(String),
  dead_lettered Array(DateTime64(3, 'UTC')),
  version UInt64 COMMENT 'The offset in the topic.'
) ENGINE = ReplicatedReplacingMergeTree(version)
PARTITION BY toYYYYMM(as_of)
ORDER BY (org, topic, as_of, version);

CREATE TABLE IF NOT EXISTS progress ON CLUSTER 'kris' AS progress_local
ENGINE = Distributed('kris', 'kriver', 'progress_local', cityHash64(org));

CREATE TABLE IF NOT EXISTS runs_local ON CLUSTER 'kris' (
  org LowCardinality(String),
  started DateTime64(3, 'UTC'),
  id String,
  trigger LowCardinality(String),
  ended Nullable(DateTime64(3, 'UTC')),
  rows_written UInt64,
  rows_skipped UInt64,
  fetched Map(LowCardinality(String), UInt64),
  error Nullable(String),
  version UInt64 COMMENT 'The offset in the topic.'
) ENGINE = ReplicatedReplacingMergeTree(version)
PARTITION BY toYYYYMM(started)
ORDER BY (org, started, id);

CREATE TABLE IF NOT EXISTS runs ON CLUSTER 'kris' AS runs_local
ENGINE = Distributed('kris', 'kriver', 'runs_local', cityHash64(org));

CREATE TABLE IF NOT EXISTS dead_letters_local ON CLUSTER 'kris' (
  org LowCardinality(String),
  id String COMMENT 'SHA-256 of origin and bytes.',
  origin LowCardinality(String),
  reason String,
  at DateTime64(3, 'UTC'),
  minute Nullable(DateTime64(3, 'UTC')),
  bytes String COMMENT 'The record, base64.' CODEC(ZSTD(3)),
  truncated Bool,
  version UInt64 COMMENT 'The offset in the topic.'
) ENGINE = ReplicatedReplacingMergeTree(version)

ORDER BY (org, id);

CREATE TABLE IF NOT EXISTS dead_letters ON CLUSTER 'kris' AS dead_letters_local
ENGINE = Distributed('kris', 'kriver', 'dead_letters_local', cityHash64(org));

CREATE TABLE IF NOT EXISTS thresholds_local ON CLUSTER 'kris' (
  org LowCardinality(String),
  slug LowCardinality(String),
  valid_from DateTime('UTC'),
  warn Float64,
  critical Float64,
  direction LowCardinality(String) COMMENT 'higher-is-worse or lower-is-worse.',
  version UInt64 COMMENT 'When the row was written, in milliseconds since the epoch.'
) ENGINE = ReplicatedReplacingMergeTree(version)

ORDER BY (org, slug, valid_from);

CREATE TABLE IF NOT EXISTS thresholds ON CLUSTER 'kris' AS thresholds_local
ENGINE = Distributed('kris', 'kriver', 'thresholds_local', cityHash64(org));

CREATE OR REPLACE VIEW kri_history ON CLUSTER 'kris' AS
SELECT
  r.org AS org, r.slug AS slug, r.as_of AS as_of,
  draxis_value, draxis_numerator, draxis_denominator, draxis_status, draxis_reason, draxis_coverage,
  multiIf(
    isNull(r.draxis_value) OR t.direction = '', NULL,
    t.direction = 'higher-is-worse', multiIf(r.draxis_value >= t.critical, 'red', r.draxis_value >= t.warn, 'amber', 'green'),
    multiIf(r.draxis_value <= t.critical, 'red', r.draxis_value <= t.warn, 'amber', 'green')) AS draxis_level,
  corrected_value, corrected_numerator, corrected_denominator, corrected_status, corrected_reason, corrected_coverage,
  multiIf(
    isNull(r.corrected_value) OR t.direction = '', NULL,
    t.direction = 'higher-is-worse', multiIf(r.corrected_value >= t.critical, 'red', r.corrected_value >= t.warn, 'amber', 'green'),
    multiIf(r.corrected_value <= t.critical, 'red', r.corrected_value <= t.warn, 'amber', 'green')) AS corrected_level,
  measures, r.version AS version, digest
FROM (SELECT * FROM readings FINAL) AS r
ASOF LEFT JOIN (SELECT * FROM thresholds FINAL) AS t ON r.org = t.org AND r.slug = t.slug AND r.as_of >= t.valid_from;

CREATE OR REPLACE VIEW kri_current ON CLUSTER 'kris' AS
SELECT * FROM kri_history
WHERE (org, slug, as_of) IN (SELECT org, slug, max(as_of) FROM readings GROUP BY org, slug);

CREATE OR REPLACE VIEW users_current ON CLUSTER 'kris' AS
SELECT
  u.org AS org, u.user_id AS user_id, u.status AS status, u.name AS name, u.last_updated AS last_updated,
  u.observed_at AS observed_at, f.factors AS factors, a.apps AS apps, a.links AS links,
  toBool(u.status != 'DELETED' AND u.observed_at >= s.began) AS present
FROM (SELECT * FROM user_snapshots FINAL WHERE kind = 'user' ORDER BY observed_at DESC, version DESC LIMIT 1 BY org, user_id) AS u
LEFT JOIN (SELECT * FROM user_snapshots FINAL WHERE kind = 'factors' ORDER BY observed_at DESC, version DESC LIMIT 1 BY org, user_id) AS f
  ON f.org = u.org AND f.user_id = u.user_id
LEFT JOIN (SELECT * FROM user_snapshots FINAL WHERE kind = 'applinks' ORDER BY observed_at DESC, version DESC LIMIT 1 BY org, user_id) AS a
  ON a.org = u.org AND a.user_id = u.user_id
LEFT JOIN (
  SELECT org, max(began) AS began FROM sweeps
  WHERE sweep = 'users' AND completed IS NOT NULL AND state = 'ok' GROUP BY org) AS s ON s.org = u.org;

CREATE OR REPLACE VIEW policy_rules ON CLUSTER 'kris' AS
WITH policies AS (SELECT * FROM policy_snapshots FINAL)
SELECT
  r.org AS org, r.policy_id AS policy_id, r.policy_name AS policy_name, r.policy_status AS policy_status,
  r.resource_type AS resource_type, r.rule.id AS rule_id, r.rule.name AS rule_name, r.rule.status AS rule_status,
  r.rule.system AS system, r.rule.priority AS priority, r.rule.access AS access, r.rule.factor_mode AS factor_mode,
  r.rule.verification_type AS verification_type, r.rule.verification_method AS verification_method,
  r.observed_at AS observed_at, r.version AS version,
  toBool(r.version = p.version AND r.observed_at = p.observed_at AND p.status != 'DELETED'
    AND p.observed_at >= s.began) AS present
FROM (
  SELECT org, policy_id, name AS policy_name, status AS policy_status, resource_type, observed_at, version, rule
  FROM policies ARRAY JOIN rules AS rule ORDER BY observed_at DESC, version DESC LIMIT 1 BY org, policy_id, rule.id) AS r
INNER JOIN (SELECT * FROM policies ORDER BY observed_at DESC, version DESC LIMIT 1 BY org, policy_id) AS p ON p.org = r.org AND p.policy_id = r.policy_id
LEFT JOIN (
  SELECT org, max(began) AS began FROM sweeps
  WHERE sweep = 'policies' AND completed IS NOT NULL AND state = 'ok' GROUP BY org) AS s ON s.org = r.org;

CREATE OR REPLACE VIEW open_exceptions ON CLUSTER 'kris' AS
SELECT org, policy_id, policy_name, policy_status, rule_id, rule_name, factor_mode, verification_type,
  verification_method, observed_at
FROM policy_rules
WHERE present AND rule_status = 'ACTIVE' AND access = 'ALLOW'
  AND (isNull(verification_method) OR factor_mode = '1FA');

CREATE OR REPLACE VIEW admin_sessions ON CLUSTER 'kris' AS
WITH
  sessions AS (
    SELECT org, event_type, published, actor_id, external_session_id, ended_session_id, targets FROM events FINAL
    WHERE event_type IN ('user.session.access_admin_app', 'user.session.end', 'user.session.clear')),
  starts AS (
    SELECT org, assumeNotNull(external_session_id) AS session_id, groupArray(published) AS moments,
      argMin(actor_id, published) AS user_id
    FROM sessions WHERE event_type = 'user.session.access_admin_app' AND (isNotNull(external_session_id) AND external_session_id != '' AND lower(external_session_id) != 'unknown' AND NOT startsWith(external_session_id, 'trs'))
    GROUP BY org, session_id),
  ends AS (
    SELECT org, session_id, groupArray(published) AS moments
    FROM (SELECT org, published,
        arrayJoin(arrayDistinct([ifNull(external_session_id, ''), ifNull(ended_session_id, '')])) AS session_id
      FROM sessions WHERE event_type = 'user.session.end')
    WHERE session_id != '' GROUP BY org, session_id),
  clears AS (
    SELECT org, target.id AS user_id, groupArray(published) AS moments
    FROM sessions ARRAY JOIN targets AS target
    WHERE event_type = 'user.session.clear' AND target.type = 'User' GROUP BY org, user_id),
  paired AS (
    SELECT s.org AS org, s.session_id AS session_id, s.user_id AS user_id, e.moments AS own,
      arraySort(arrayDistinct(s.moments)) AS starting,
      arraySort(arrayDistinct(arrayConcat(own, c.moments))) AS ending,
      arrayPopBack(arrayPushFront(ending, toDateTime64(0, 3, 'UTC'))) AS before,
      arrayFilter(span -> isNotNull(span.1), arrayMap((end, previous) ->
        (arrayFirstOrNull(start -> start > previous AND start >= end - INTERVAL 7 DAY AND start <= end, starting),
          toNullable(end)), ending, before)) AS closed,
      arraySlice(arrayFilter(start -> NOT arrayExists(span -> span.2 >= start, closed), starting), 1, 1) AS open
    FROM starts AS s
    LEFT JOIN ends AS e ON e.org = s.org AND e.session_id = s.session_id
    LEFT JOIN clears AS c ON c.org = s.org AND c.user_id = s.user_id)
SELECT org, session_id, user_id, assumeNotNull(span.1) AS started, span.2 AS ended,
  multiIf(isNull(ended), NULL, has(own, ended), 'user.session.end', 'user.session.clear') AS ended_by,
  dateDiff('millisecond', started, ended) / 60000 AS minutes,
  toBool(ifNull(dateDiff('millisecond', started, ended) > 28800000, false)) AS over_8h,
  toBool(isNull(ended)) AS open
FROM paired
ARRAY JOIN arrayConcat(closed,
  arrayMap(start -> (toNullable(start), CAST(NULL, 'Nullable(DateTime64(3, \'UTC\'))')), paired.open)) AS span;

CREATE OR REPLACE VIEW top_denied_users ON CLUSTER 'kris' AS
SELECT e.org AS org, e.actor_id AS user_id, count() AS denials,
  countIf(e.event_type = 'user.mfa.okta_verify.deny_push') AS classic,
  countIf(e.event_type != 'user.mfa.okta_verify.deny_push') AS identity_engine,
  max(e.published) AS last_denied
FROM (
  SELECT org, actor_id, event_type, published FROM events FINAL
  WHERE event_type = 'user.mfa.okta_verify.deny_push' OR (event_type = 'user.authentication.auth_via_mfa'
    AND outcome_result = 'FAILURE' AND push_only_response_type = 'OV_RESPONSE_DENY')) AS e
INNER JOIN (
  SELECT org, toStartOfMinute(max(as_of)) AS until FROM progress WHERE topic = 'okta.system-log' GROUP BY org) AS p
  ON p.org = e.org
WHERE e.published <= p.until AND e.published > p.until - INTERVAL 24 HOUR AND isNotNull(e.actor_id)
GROUP BY org, user_id
ORDER BY denials DESC, user_id;

CREATE TABLE IF NOT EXISTS processor_state_local ON CLUSTER 'kris' (
  name LowCardinality(String) COMMENT 'Whose state.',
  partition UInt32,
  slot UInt8,
  chunk UInt32,
  chunks UInt32 COMMENT 'In the last chunk: how many make the state. Otherwise 0.',
  generation UInt64 COMMENT 'Rises with the offset: the highest is the newest, whoever wrote it.',
  offset UInt64 COMMENT 'The last record that the state reflects.',
  format UInt16 COMMENT 'How the text is to be read.',
  checksum UInt32 COMMENT 'CRC-32 of the text and of where it belongs.',
  text String CODEC(ZSTD(1)),
  saved DateTime('UTC') DEFAULT now()
) ENGINE = ReplicatedReplacingMergeTree(generation)
ORDER BY (partition, name, slot, chunk);

CREATE TABLE IF NOT EXISTS processor_state ON CLUSTER 'kris' AS processor_state_local
ENGINE = Distributed('kris', 'kriver', 'processor_state_local', cityHash64(partition));

ALTER TABLE events_local ON CLUSTER 'kris' MODIFY TTL toDateTime(published) + toIntervalDay(400);

ALTER TABLE events_local ON CLUSTER 'kris' MODIFY COLUMN raw String CODEC(ZSTD(3)) TTL toDateTime(published) + toIntervalDay(30);

ALTER TABLE readings_local ON CLUSTER 'kris' MODIFY TTL toDateTime(as_of) + toIntervalDay(1095);

ALTER TABLE user_snapshots_local ON CLUSTER 'kris' MODIFY TTL toDateTime(observed_at) + toIntervalDay(400);

ALTER TABLE policy_snapshots_local ON CLUSTER 'kris' MODIFY TTL toDateTime(observed_at) + toIntervalDay(400);

ALTER TABLE sweeps_local ON CLUSTER 'kris' MODIFY TTL toDateTime(began) + toIntervalDay(400);

ALTER TABLE progress_local ON CLUSTER 'kris' MODIFY TTL toDateTime(as_of) + toIntervalDay(400);

ALTER TABLE runs_local ON CLUSTER 'kris' MODIFY TTL toDateTime(started) + toIntervalDay(400);

ALTER TABLE dead_letters_local ON CLUSTER 'kris' MODIFY TTL toDateTime(at) + toIntervalDay(400);
