import kafkajs from 'kafkajs';
import { AppError } from '../../errors.ts';

// Node finds only the first exports of this CommonJS package by name.
const { KafkaJSError, KafkaJSNumberOfRetriesExceeded } = kafkajs;

/** What kafkajs says of an answer of the broker; undefined for what never reached one. */
const protocolType = (error: unknown): string | undefined => {
  if (!(error instanceof Error)) return undefined;
  const { type } = error as { type?: unknown };
  return typeof type === 'string' ? type : protocolType(error.cause);
};

const unauthorised = new Set([
  'SASL_AUTHENTICATION_FAILED',
  'ILLEGAL_SASL_STATE',
  'UNSUPPORTED_SASL_MECHANISM',
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
]);

const refused = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD', 'CORRUPT_MESSAGE']);

const isUnauthorised = (error: unknown): boolean =>
  unauthorised.has(protocolType(error) ?? '') ||
  (error instanceof Error &&
    (error.name === 'KafkaJSSASLAuthenticationError' || (error.cause !== undefined && isUnauthorised(error.cause))));

/** The first line, bounded: what kafkajs says may hold a whole answer. */
const toText = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n', 1)[0]?.slice(0, 300) ?? '';

/**
 * Whatever kafkajs threw, as what it means here: `bus-unauthorised`, `bus-refused` (this record can never be stored), or
 * `bus-unavailable` (the same may succeed later).
 */
export const toBusError = (what: string, error: unknown): AppError => {
  if (error instanceof AppError) return error;
  const message = `${what}: ${toText(error)}`;
  if (isUnauthorised(error)) {
    return new AppError('bus-unauthorised', message, {
      hint: "Check bus.sasl and the rights of Kriver's user: docs/distributed.md lists what each stage needs.",
      cause: error,
    });
  }
  if (refused.has(protocolType(error) ?? '')) {
    return new AppError('bus-refused', message, {
      hint: '`kriver topics` shows whether max.message.bytes of the topics is as Kriver needs it.',
      cause: error,
    });
  }
  return new AppError('bus-unavailable', message, {
    hint: 'Check that the brokers in bus.brokers run and can be reached from here, with or without TLS as configured.',
    cause: error,
  });
};

/** Whether the same request may succeed later. kafkajs marks its errors; what it does not know is a defect. */
export const isPassing = (error: unknown): boolean => {
  if (isUnauthorised(error) || refused.has(protocolType(error) ?? '')) return false;
  if (error instanceof KafkaJSNumberOfRetriesExceeded) return true;
  return error instanceof KafkaJSError && error.retriable;
};
