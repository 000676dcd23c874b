import { kriHistory } from './0002-views.ts';
import { identified, moment, named, readingColumns } from './columns.ts';

/**
 * Readings that a replay made, beside the live ones. A series that a repair wrote holds from the moment on that `epochs`
 * names it, all of it at once; what a repair that was broken off left behind is never named.
 */
export const epochs: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS readings_series (
  org ${named},
  series ${named} COMMENT 'What the replay was called.',${readingColumns}
) ${identified({ partition: 'as_of', order: 'org, series, slug, as_of' })}`,

  `CREATE TABLE IF NOT EXISTS series (
  org ${named},
  series ${named},
  made ${moment} COMMENT 'When the replay began.',
  source ${named} COMMENT 'log, clickhouse, files or okta.',
  from_as_of DateTime('UTC') COMMENT 'The first T.',
  to_as_of DateTime('UTC') COMMENT 'The last T.',
  settings String COMMENT 'What the readings were made with, as JSON.',
  complete Bool COMMENT 'False while the replay runs, and after one that was broken off.',
  version UInt64 COMMENT 'When the row was written, in milliseconds since the epoch.'
) ${identified({ order: 'org, series' })}`,

  `CREATE TABLE IF NOT EXISTS epochs (
  org ${named},
  epoch UInt32,
  series ${named} COMMENT 'Which series of readings_series holds from this epoch on.',
  from_as_of DateTime('UTC') COMMENT 'The first T that was repaired.',
  to_as_of DateTime('UTC') COMMENT 'The last T that was repaired.',
  slugs Array(${named}),
  version UInt64 COMMENT 'The offset in the log.'
) ${identified({ order: 'org, epoch' })}`,

  `CREATE OR REPLACE VIEW readings_repaired AS
SELECT * EXCEPT series FROM readings_series FINAL
WHERE (org, series) IN (SELECT org, series FROM epochs)
ORDER BY version DESC LIMIT 1 BY org, slug, as_of`,

  // The same minute may have been made live again after it was repaired, of more events: the higher version holds.
  `CREATE OR REPLACE VIEW readings_active AS
SELECT r.* FROM (SELECT * FROM readings FINAL) AS r
LEFT ANY JOIN (SELECT org, slug, as_of, version FROM readings_repaired) AS p
  ON p.org = r.org AND p.slug = r.slug AND p.as_of = r.as_of
WHERE r.version > p.version OR p.version = 0
UNION ALL
SELECT p.* FROM readings_repaired AS p
LEFT ANY JOIN (SELECT org, slug, as_of, version FROM readings FINAL) AS r
  ON r.org = p.org AND r.slug = p.slug AND r.as_of = p.as_of
WHERE p.version > r.version`,

  kriHistory('SELECT * FROM readings_active'),

  `CREATE OR REPLACE VIEW kri_current AS
SELECT * FROM kri_history
WHERE (org, slug, as_of) IN (SELECT org, slug, max(as_of) FROM readings_active GROUP BY org, slug)`,
];
