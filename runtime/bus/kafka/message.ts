import { crc32 } from 'node:zlib';
import type { IHeaders, KafkaMessage } from 'kafkajs';
import { AppError } from '../../errors.ts';
import type { BusRecord, OutgoingRecord } from '../bus.ts';
import { fromFrame, toFrame } from './wire-format.ts';

/**
 * Brokers check a record's checksum when they take it, and kafkajs not at all when it reads. So each record carries one of
 * its own, over key, values of headers and value, in this header; records of other producers have none.
 */
const checksumHeader = 'kriver-crc32';

/** What a record costs beyond its parts, at most: the frame of a schema and the checksum among it. */
const overheadBytes = 100;

export interface Message {
  readonly key: string;
  readonly value: Buffer;
  readonly headers: Record<string, string | Buffer>;
  readonly bytes: number;
}

/** What a record takes in a batch before compression, at most. */
export const recordBytes = ({ key, value, headers = {} }: OutgoingRecord): number => {
  let bytes = overheadBytes + Buffer.byteLength(key) + value.length;
  for (const name in headers) bytes += Buffer.byteLength(name) + Buffer.byteLength(headers[name] ?? '');
  return bytes;
};

/** A record as it is sent. `schemaId` is undefined where there is no registry: then the value goes out as it is. */
export const toMessage = (
  record: OutgoingRecord,
  schemaId: number | undefined,
  bytes = recordBytes(record),
): Message => {
  const { key } = record;
  const headers: Record<string, string | Buffer> = {};
  let sum = crc32(key);
  for (const name in record.headers) {
    // Made bytes once, for the checksum and for kafkajs.
    const header = Buffer.from(record.headers[name] ?? '');
    headers[name] = header;
    sum = crc32(header, sum);
  }
  headers[checksumHeader] = crc32(record.value, sum).toString(16);
  const value = schemaId === undefined ? record.value : toFrame(schemaId, record.value);
  return { key, value, headers, bytes };
};

const noBytes = Buffer.alloc(0);

/** The first value of a header; kafkajs gives a list where a name occurs more than once. */
const firstOf = (value: IHeaders[string]): string | Buffer => (Array.isArray(value) ? value[0] : value) ?? noBytes;

/** A record as it was published. Throws `state-invalid` when its bytes are not those that were sent. */
export const fromMessage = (message: KafkaMessage, where: string): BusRecord => {
  const headers: Record<string, string> = {};
  let checksum: string | undefined;
  let sum = crc32(message.key ?? noBytes);
  for (const name in message.headers) {
    const bytes = firstOf(message.headers[name]);
    if (name === checksumHeader) checksum = bytes.toString();
    else {
      headers[name] = bytes.toString();
      sum = crc32(bytes, sum);
    }
  }
  const bytes = message.value ?? noBytes;
  const value = fromFrame(bytes) ?? bytes;
  if (checksum !== undefined && checksum !== crc32(value, sum).toString(16)) {
    throw new AppError('state-invalid', `The record at offset ${message.offset} of ${where} is damaged.`, {
      hint: "Its checksum does not match. When a restart does not help, check the broker's disk: another replica may be whole.",
    });
  }
  return { offset: Number(message.offset), key: message.key?.toString() ?? '', value, headers };
};
