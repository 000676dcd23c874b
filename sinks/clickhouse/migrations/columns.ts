/**
 * Every table is a ReplacingMergeTree over what identifies a row: the same record written again, after a crash or by a
 * replay, leaves one row for whoever reads with FINAL. Offsets are part of the identity only where all versions are kept.
 * TTLs are set by the settings afterwards.
 */
export const identified = (parts: { version?: string; partition?: string; order: string }): string => `
ENGINE = ReplacingMergeTree(${parts.version ?? 'version'})
${parts.partition === undefined ? '' : `PARTITION BY toYYYYMM(${parts.partition})`}
ORDER BY (${parts.order})`;

export const named = 'LowCardinality(String)';
export const nullableNamed = 'LowCardinality(Nullable(String))';
export const moment = "DateTime64(3, 'UTC')";

const score = (definition: string): string => `
  ${definition}_value Nullable(Float64),
  ${definition}_numerator Nullable(Int64),
  ${definition}_denominator Nullable(Int64),
  ${definition}_status ${named},
  ${definition}_reason ${nullableNamed},
  ${definition}_coverage Float64,`;

/** What a reading is, wherever it is kept; whose it is comes before. */
export const readingColumns = `
  slug ${named},
  as_of DateTime('UTC') COMMENT 'T: the whole minute that the reading speaks of.',${score('draxis')}${score('corrected')}
  measures Map(${named}, Nullable(Float64)),
  version UInt64 COMMENT 'epoch * 2^48 + input offset: the highest holds.',
  digest String COMMENT 'Equal digests mean the same evidence.'`;
