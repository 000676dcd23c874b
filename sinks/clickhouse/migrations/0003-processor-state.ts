/**
 * What processors have folded, as a cache of the log: see runtime/clickhouse-state-store.ts, which alone reads and writes
 * it. Two slots a state are written in turn, so that the one before is whole while the next is written. Partition comes
 * first because a cluster shards a table by the first column of its order.
 */
export const processorState: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS processor_state (
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
) ENGINE = ReplacingMergeTree(generation)
ORDER BY (partition, name, slot, chunk)`,
];
