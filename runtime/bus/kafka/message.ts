import { crc32 } from 'node:zlib';
import type { IHeaders, KafkaMessage } from 'kafkajs';
import { AppError } from '../../errors.ts';
import type { BusRecord, OutgoingRecord } from '../bus.ts';
import { fromFrame, toFrame } from './wire-format.ts';

/**
 * Brokers check a record's checksum when they take it, and kafkajs not at all when it reads. So each record carries one of
 * its own, over key, headers and value, in this header; records of other producers have none.
 */
const checksumHeader = 'kriver-crc32';

/** What a record costs beyond its parts, at most. */
const overheadBytes = 100;

export interface Message {
  readonly key: string;
  readonly value: Buffer;
  readonly headers: Record<string, string>;
  readonly bytes: number;
}

const toChecksum = (key: string, headers: Iterable<readonly [string, string]>, value: Buffer): string => {
  let sum = crc32(key);
  for (const [name, text] of headers) sum = crc32(text, crc32(name, sum));
  return crc32(value, sum).toString(16);
};

/** A record as it is sent. `schemaId` is undefined where there is no registry: then the value goes out as it is. */
export const toMessage = (record: OutgoingRecord, schemaId: number | undefined): Message => {
  const headers = record.headers ?? {};
  const value = schemaId === undefined ? record.value : toFrame(schemaId, record.value);
  let bytes = overheadBytes + Buffer.byteLength(record.key) + value.length;
  for (const name in headers) bytes += Buffer.byteLength(name) + Buffer.byteLength(headers[name] ?? '');
  const checksum = toChecksum(record.key, Object.entries(headers), record.value);
  return { key: record.key, value, headers: { ...headers, [checksumHeader]: checksum }, bytes };
};

const toText = (value: IHeaders[string]): string =>
  (Array.isArray(value) ? (value[0] ?? '') : (value ?? '')).toString();

/** A record as it was published. Throws `state-invalid` when its bytes are not those that were sent. */
export const fromMessage = (message: KafkaMessage, where: string): BusRecord => {
  const headers: Record<string, string> = {};
  let checksum: string | undefined;
  for (const name in message.headers) {
    const text = toText(message.headers[name]);
    if (name === checksumHeader) checksum = text;
    else headers[name] = text;
  }
  const key = message.key?.toString() ?? '';
  const bytes = message.value ?? Buffer.alloc(0);
  const value = fromFrame(bytes) ?? bytes;
  if (checksum !== undefined && checksum !== toChecksum(key, Object.entries(headers), value)) {
    throw new AppError('state-invalid', `The record at offset ${message.offset} of ${where} is damaged.`, {
      hint: "Its checksum does not match. When a restart does not help, check the broker's disk: another replica may be whole.",
    });
  }
  return { offset: Number(message.offset), key, value, headers };
};
