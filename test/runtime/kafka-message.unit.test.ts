import fc from 'fast-check';
import type { KafkaMessage } from 'kafkajs';
import { describe, expect, test } from 'vitest';
import type { OutgoingRecord } from '../../runtime/bus/bus.ts';
import { fromMessage, type Message, recordBytes, toMessage } from '../../runtime/bus/kafka/message.ts';
import { fromFrame, toFrame } from '../../runtime/bus/kafka/wire-format.ts';

const record: OutgoingRecord = {
  topic: 't',
  org: 'acme',
  key: 'acme/ключ',
  value: Buffer.from('{"a":1}'),
  headers: { facts: 'ü', more: '' },
};

/** A message as kafkajs hands it out: keys and headers are bytes. */
const toFetched = ({ key, value, headers }: Message): KafkaMessage => ({
  offset: '5',
  timestamp: '0',
  attributes: 0,
  key: Buffer.from(key),
  value,
  headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)])),
});

const damaged = { code: 'state-invalid', message: 'The record at offset 5 of t/0 is damaged.' };

describe('a message', () => {
  test.for([undefined, 0, 7, 2 ** 32 - 1])('comes back as it was published, with schema %s', (schemaId) => {
    const keys = fc.string({ maxLength: 20 });
    const headers = fc.dictionary(
      keys.filter((name) => name !== 'kriver-crc32' && name !== '__proto__'),
      keys,
    );
    // Without a schema the value is JSON, which no frame begins as.
    const values = fc.uint8Array({ maxLength: 60 }).filter((bytes) => schemaId !== undefined || bytes[0] !== 0);
    fc.assert(
      fc.property(keys, headers, values, (key, given, bytes) => {
        const value = Buffer.from(bytes);
        const sent = { ...record, key, headers: given, value };
        const read = fromMessage(toFetched(toMessage(sent, schemaId)), 't/0');
        expect({ ...read, headers: { ...read.headers } }).toEqual({ offset: 5, key, value, headers: { ...given } });
      }),
    );
  });

  test('is damaged when any byte of its value, key or headers is another', () => {
    for (const schemaId of [undefined, 7]) {
      const whole = () => structuredClone(toMessage(record, schemaId));
      const start = schemaId === undefined ? 0 : 5;
      for (let at = start; at < whole().value.length; at += 1) {
        const fetched = toFetched({ ...whole(), value: Buffer.from(whole().value) });
        if (fetched.value !== null) fetched.value[at] = (fetched.value[at] ?? 0) ^ 0x10;
        expect(() => fromMessage(fetched, 't/0')).toThrow(expect.objectContaining(damaged));
      }
      for (const change of [
        { key: 'acme/ключy' },
        { headers: { ...whole().headers, facts: 'u' } },
        { headers: { ...whole().headers, added: 'x' } },
        { headers: { 'kriver-crc32': whole().headers['kriver-crc32'] ?? '', more: '' } },
        { headers: { ...whole().headers, 'kriver-crc32': '0' } },
      ])
        expect(() =>
          fromMessage(toFetched({ ...whole(), value: Buffer.from(whole().value), ...change }), 't/0'),
        ).toThrow(expect.objectContaining(damaged));
    }
  });

  test('of another producer has no checksum, and is taken as it is, without a key or a value too', () => {
    const bare: KafkaMessage = {
      offset: '9',
      timestamp: '0',
      attributes: 0,
      key: null,
      value: null,
      headers: { a: ['x', 'y'], b: undefined },
    };
    expect(fromMessage(bare, 't/0')).toEqual({
      offset: 9,
      key: '',
      value: Buffer.alloc(0),
      headers: { a: 'x', b: '' },
    });
  });

  test('is counted with its key, its value, its headers and what a batch adds', () => {
    const plain = recordBytes({ topic: 't', org: 'o', key: '', value: Buffer.alloc(0) });
    expect(recordBytes(record) - plain).toBe(Buffer.byteLength('acme/ключ') + 7 + 'facts'.length + 2 + 'more'.length);
    expect(toMessage(record, 7).bytes).toBe(recordBytes(record));
  });
});

describe('the frame', () => {
  test('is a zero byte, the id of the schema with its big end first, and the value', () => {
    expect(toFrame(0x01020304, Buffer.from('ab'))).toEqual(Buffer.from([0, 1, 2, 3, 4, 0x61, 0x62]));
  });

  test('gives the value back without copying it, and nothing for what is not framed', () => {
    const framed = toFrame(1, Buffer.from('value'));
    const value = fromFrame(framed);
    expect(value?.toString()).toBe('value');
    expect(value?.buffer).toBe(framed.buffer);
    expect(fromFrame(Buffer.from([0, 0, 0, 1]))).toBeUndefined();
    expect(fromFrame(Buffer.from('{"a":1}'))).toBeUndefined();
    expect(fromFrame(Buffer.alloc(0))).toBeUndefined();
  });
});
