import { decompress as unzstd } from 'fzstd';
import kafkajs from 'kafkajs';
import { decompress as unlz4 } from 'lz4js';
import snappy from 'snappyjs';

// Node finds only the first exports of this CommonJS package by name.
const { CompressionCodecs, CompressionTypes, KafkaJSNonRetriableError } = kafkajs;

/** What Java writes before Snappy blocks: a name, a version, and the oldest version that can read it. */
const xerialName = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const xerialHeaderBytes = 16;

/** Snappy as Java's library frames it, each block after its length; or one block without a frame, as others write it. */
const unsnappy = (bytes: Buffer): Buffer => {
  if (!bytes.subarray(0, xerialName.length).equals(xerialName)) return Buffer.from(snappy.uncompress(bytes));
  const blocks: Uint8Array[] = [];
  for (let at = xerialHeaderBytes; at < bytes.length; ) {
    const start = at + 4;
    const end = start + bytes.readInt32BE(at);
    blocks.push(snappy.uncompress(bytes.subarray(start, end)));
    at = end;
  }
  return Buffer.concat(blocks);
};

const toCodec = (name: string, decompress: (bytes: Buffer) => Uint8Array) => () => ({
  compress: async () => {
    throw new KafkaJSNonRetriableError(`Kriver does not write ${name}.`);
  },
  decompress: async (bytes: Buffer) => Buffer.from(decompress(bytes)),
});

/**
 * Lets kafkajs, which knows gzip alone, read what brokers recompress to where an operator has set `compression.type`, and
 * what other producers send. Kriver itself writes gzip. kafkajs keeps its codecs for the whole process.
 */
export const registerCodecs = (): void => {
  CompressionCodecs[CompressionTypes.Snappy] = toCodec('Snappy', unsnappy);
  CompressionCodecs[CompressionTypes.LZ4] = toCodec('LZ4', unlz4);
  CompressionCodecs[CompressionTypes.ZSTD] = toCodec('Zstandard', unzstd);
};
