import kafkajs from 'kafkajs';
import { describe, expect, test } from 'vitest';
import {
  isAnswerForNow,
  isMissingTopic,
  isPassing,
  isUnjoined,
  toBusError,
} from '../../runtime/bus/kafka/kafka-error.ts';
import { checkStart } from '../../runtime/bus/kafka/offsets.ts';
import { AppError } from '../../runtime/errors.ts';
import { createLog } from './kafka-world.ts';

const { KafkaJSConnectionError, KafkaJSNonRetriableError, KafkaJSNumberOfRetriesExceeded, KafkaJSProtocolError } =
  kafkajs;

const answer = (type: string, retriable: boolean) =>
  new KafkaJSProtocolError({ type, retriable, message: `says ${type}`, code: 1 } as never);
const wrap = (cause: Error) => Object.assign(new KafkaJSNonRetriableError(cause.message), { cause });
const exceeded = (cause: Error) => new KafkaJSNumberOfRetriesExceeded(cause, { retryCount: 5, retryTime: 100 });
const lost = () => new KafkaJSConnectionError('Connection error: connect ECONNREFUSED 127.0.0.1:1');

describe('what kafkajs throws', () => {
  test.for([
    ['bus-unauthorised', answer('SASL_AUTHENTICATION_FAILED', false), 'bus.sasl'],
    ['bus-unauthorised', wrap(answer('GROUP_AUTHORIZATION_FAILED', false)), 'bus.sasl'],
    ['bus-unauthorised', exceeded(answer('TOPIC_AUTHORIZATION_FAILED', false)), 'bus.sasl'],
    ['bus-refused', wrap(answer('MESSAGE_TOO_LARGE', false)), 'max.message.bytes'],
    ['bus-unavailable', exceeded(answer('UNKNOWN_TOPIC_OR_PARTITION', true)), 'kriver topics --apply'],
    ['bus-unavailable', lost(), 'bus.brokers'],
    [
      'bus-unavailable',
      new KafkaJSConnectionError('Connection error: self-signed certificate in certificate chain'),
      'bus.tls.ca',
    ],
    ['bus-unavailable', new TypeError('a defect'), 'bus.brokers'],
    ['bus-unavailable', 'not an error', 'bus.brokers'],
  ] as const)('is %s: %s', ([code, error, hint]) => {
    const found = toBusError('It failed', error);
    expect(found).toMatchObject({
      code,
      message: expect.stringMatching(/^It failed: /),
      hint: expect.stringContaining(hint),
      cause: error,
    });
  });

  test('is left as it is when it says already what it means', () => {
    const error = new AppError('state-invalid', 'beyond the end', { hint: 'Rebuild.' });
    expect(toBusError('It failed', error)).toBe(error);
  });

  test('is told in one line of at most 300 letters', () => {
    const { message } = toBusError('It failed', new Error(`${'x'.repeat(500)}\nsecond`));
    expect(message).toBe(`It failed: ${'x'.repeat(300)}`);
    expect(toBusError('It failed', new Error('first\nsecond')).message).toBe('It failed: first');
  });

  test.for([
    ['a lost connection', lost(), true],
    ['a lost connection within retries', exceeded(lost()), true],
    ['a lost connection within a retry within a retry', wrap(lost()), true],
    ['a leader that moved', answer('NOT_LEADER_FOR_PARTITION', true), true],
    ['too few replicas', wrap(answer('NOT_ENOUGH_REPLICAS', true)), true],
    ['a user without rights', wrap(answer('TOPIC_AUTHORIZATION_FAILED', false)), false],
    ['too large a batch', exceeded(answer('MESSAGE_TOO_LARGE', false)), false],
    ['a topic that is not there', exceeded(answer('UNKNOWN_TOPIC_OR_PARTITION', true)), false],
    ['something final', new KafkaJSNonRetriableError('never'), false],
    ['a defect', new TypeError('undefined is not a function'), false],
  ] as const)('passes or does not: %s', ([, error, passes]) => {
    expect(isPassing(error)).toBe(passes);
  });

  test('is worth asking again where a broker answered that it cannot yet', () => {
    expect(isAnswerForNow(answer('NOT_LEADER_FOR_PARTITION', true))).toBe(true);
    expect(isAnswerForNow(wrap(answer('GROUP_LOAD_IN_PROGRESS', true)))).toBe(true);
    expect(isAnswerForNow(answer('UNKNOWN_TOPIC_OR_PARTITION', true))).toBe(false);
    expect(isAnswerForNow(answer('GROUP_AUTHORIZATION_FAILED', false))).toBe(false);
    expect(isAnswerForNow(lost())).toBe(false);
  });

  test('tells a member that has to join again, and a topic that is not there, from all others', () => {
    for (const type of ['REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID'])
      expect(isUnjoined(wrap(answer(type, false)))).toBe(true);
    expect(isUnjoined(answer('UNKNOWN_TOPIC_OR_PARTITION', true))).toBe(false);
    expect(isMissingTopic(wrap(answer('UNKNOWN_TOPIC_OR_PARTITION', true)))).toBe(true);
    expect(isMissingTopic(lost())).toBe(false);
  });
});

describe('where reading starts', () => {
  const where = { topic: 't', partition: 2 };
  test.for([
    [3, { first: 0, end: 5 }, 3],
    [5, { first: 0, end: 5 }, 5],
    [3, { first: 3, end: 5 }, 3],
    [0, { first: 0, end: 0 }, 0],
  ] as const)('is %s within %o', ([start, bounds, expected]) => {
    const { logger, text } = createLog();
    expect(checkStart(start, bounds, where, logger)).toBe(expected);
    expect(text()).toBe('');
  });

  test('is the oldest record, with a warning, where what was asked for is gone', () => {
    const { logger, text } = createLog();
    expect(checkStart(2, { first: 3, end: 5 }, where, logger)).toBe(3);
    expect(JSON.parse(text())).toMatchObject({ level: 40, topic: 't', partition: 2, wanted: 2, first: 3 });
  });

  test('is refused beyond the end', () => {
    const { logger } = createLog();
    expect(() => checkStart(6, { first: 0, end: 5 }, where, logger)).toThrow(
      expect.objectContaining({
        code: 'state-invalid',
        message: expect.stringContaining('6 is beyond the end 5 of t, partition 2'),
      }),
    );
  });
});
