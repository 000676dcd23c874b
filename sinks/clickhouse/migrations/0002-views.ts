import { deletedStatus } from '../../../schemas/snapshots.ts';

/** Green, amber or red by the thresholds that held at the minute of the reading; null where the value is unknown. */
const level = (value: string): string => `multiIf(
    isNull(${value}) OR t.direction = '', NULL,
    t.direction = 'higher-is-worse', multiIf(${value} >= t.critical, 'red', ${value} >= t.warn, 'amber', 'green'),
    multiIf(${value} <= t.critical, 'red', ${value} <= t.warn, 'amber', 'green'))`;

const newest = 'ORDER BY observed_at DESC, version DESC LIMIT 1 BY';

/** Whoever was observed before the last complete sweep began and not in it is absent. */
const lastCompleteSweep = (sweep: string): string => `(
  SELECT org, max(began) AS began FROM sweeps
  WHERE sweep = '${sweep}' AND completed IS NOT NULL AND state = 'ok' GROUP BY org)`;

/** Ids that can pair a start with an end: Okta also writes empty ones, \`unknown\`, and \`trs…\` for single calls. */
const usableSession = (id: string): string =>
  `(isNotNull(${id}) AND ${id} != '' AND lower(${id}) != 'unknown' AND NOT startsWith(${id}, 'trs'))`;

export const views: readonly string[] = [
  `CREATE OR REPLACE VIEW kri_history AS
SELECT
  r.org AS org, r.slug AS slug, r.as_of AS as_of,
  draxis_value, draxis_numerator, draxis_denominator, draxis_status, draxis_reason, draxis_coverage,
  ${level('r.draxis_value')} AS draxis_level,
  corrected_value, corrected_numerator, corrected_denominator, corrected_status, corrected_reason, corrected_coverage,
  ${level('r.corrected_value')} AS corrected_level,
  measures, r.version AS version, digest
FROM (SELECT * FROM readings FINAL) AS r
ASOF LEFT JOIN (SELECT * FROM thresholds FINAL) AS t ON r.org = t.org AND r.slug = t.slug AND r.as_of >= t.valid_from`,

  `CREATE OR REPLACE VIEW kri_current AS
SELECT * FROM kri_history
WHERE (org, slug, as_of) IN (SELECT org, slug, max(as_of) FROM readings GROUP BY org, slug)`,

  `CREATE OR REPLACE VIEW users_current AS
SELECT
  u.org AS org, u.user_id AS user_id, u.status AS status, u.name AS name, u.last_updated AS last_updated,
  u.observed_at AS observed_at, f.factors AS factors, a.apps AS apps, a.links AS links,
  toBool(u.status != '${deletedStatus}' AND u.observed_at >= s.began) AS present
FROM (SELECT * FROM user_snapshots FINAL WHERE kind = 'user' ${newest} org, user_id) AS u
LEFT JOIN (SELECT * FROM user_snapshots FINAL WHERE kind = 'factors' ${newest} org, user_id) AS f
  ON f.org = u.org AND f.user_id = u.user_id
LEFT JOIN (SELECT * FROM user_snapshots FINAL WHERE kind = 'applinks' ${newest} org, user_id) AS a
  ON a.org = u.org AND a.user_id = u.user_id
LEFT JOIN ${lastCompleteSweep('users')} AS s ON s.org = u.org`,

  `CREATE OR REPLACE VIEW policy_rules AS
WITH policies AS (SELECT * FROM policy_snapshots FINAL)
SELECT
  r.org AS org, r.policy_id AS policy_id, r.policy_name AS policy_name, r.policy_status AS policy_status,
  r.resource_type AS resource_type, r.rule.id AS rule_id, r.rule.name AS rule_name, r.rule.status AS rule_status,
  r.rule.system AS system, r.rule.priority AS priority, r.rule.access AS access, r.rule.factor_mode AS factor_mode,
  r.rule.verification_type AS verification_type, r.rule.verification_method AS verification_method,
  r.observed_at AS observed_at, r.version AS version,
  toBool(r.version = p.version AND r.observed_at = p.observed_at AND p.status != '${deletedStatus}'
    AND p.observed_at >= s.began) AS present
FROM (
  SELECT org, policy_id, name AS policy_name, status AS policy_status, resource_type, observed_at, version, rule
  FROM policies ARRAY JOIN rules AS rule ${newest} org, policy_id, rule.id) AS r
INNER JOIN (SELECT * FROM policies ${newest} org, policy_id) AS p ON p.org = r.org AND p.policy_id = r.policy_id
LEFT JOIN ${lastCompleteSweep('policies')} AS s ON s.org = r.org`,

  `CREATE OR REPLACE VIEW open_exceptions AS
SELECT org, policy_id, policy_name, policy_status, rule_id, rule_name, factor_mode, verification_type,
  verification_method, observed_at
FROM policy_rules
WHERE present AND rule_status = 'ACTIVE' AND access = 'ALLOW'
  AND (isNull(verification_method) OR factor_mode = '1FA')`,

  `CREATE OR REPLACE VIEW admin_sessions AS
WITH
  sessions AS (
    SELECT org, event_type, published, actor_id, external_session_id, ended_session_id, targets FROM events FINAL
    WHERE event_type IN ('user.session.access_admin_app', 'user.session.end', 'user.session.clear')),
  starts AS (
    SELECT org, assumeNotNull(external_session_id) AS session_id, groupArray(published) AS moments,
      argMin(actor_id, published) AS user_id
    FROM sessions WHERE event_type = 'user.session.access_admin_app' AND ${usableSession('external_session_id')}
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
  arrayMap(start -> (toNullable(start), CAST(NULL, 'Nullable(DateTime64(3, \\'UTC\\'))')), paired.open)) AS span`,

  `CREATE OR REPLACE VIEW top_denied_users AS
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
ORDER BY denials DESC, user_id`,
];
