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

/** The group goes on without this member until it has joined again: what it asked for is decided then. */
const unjoined = new Set(['REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID']);

const isOf = (types: ReadonlySet<string>, error: unknown): boolean => types.has(protocolType(error) ?? '');

const isUnauthorised = (error: unknown): boolean =>
  isOf(unauthorised, error) ||
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
  if (isOf(refused, error)) {
    return new AppError('bus-refused', message, {
      hint: '`kriver topics` shows whether max.message.bytes of the topics is as Kriver needs it.',
      cause: error,
    });
  }
  if (isMissingTopic(error)) {
    return new AppError('bus-unavailable', message, {
      hint: 'A topic is not there. `kriver topics` lists what Kriver needs, and `kriver topics --apply` creates what is missing.',
      cause: error,
    });
  }
  if (/certificate|tls alert/i.test(message)) {
    return new AppError('bus-unavailable', message, {
      hint: 'One side does not trust the certificate of the other: bus.tls.ca has to be the authority of the brokers, and where they ask for one, bus.tls.certificate has to be signed by theirs.',
      cause: error,
    });
  }
  return new AppError('bus-unavailable', message, {
    hint: 'Check that the brokers in bus.brokers run and can be reached from here, with or without TLS as configured.',
    cause: error,
  });
};

/**
 * Whether a topic is not there, still after kafkajs's own retries, which outlast that brokers learn of a new one. Kriver
 * never makes topics while it runs, so this one was deleted.
 */
export const isMissingTopic = (error: unknown): boolean => protocolType(error) === 'UNKNOWN_TOPIC_OR_PARTITION';

/** Whether the broker refused something because this member has to join its group again first. */
export const isUnjoined = (error: unknown): boolean => isOf(unjoined, error);

/** kafkajs marks its errors, and wraps those of a retry within a retry in one that says the opposite. */
const isRetriable = (error: unknown): boolean =>
  error instanceof Error && error.cause instanceof Error
    ? isRetriable(error.cause)
    : error instanceof KafkaJSError && error.retriable;

/** Whether a broker answered, and may answer otherwise soon: a leader or a coordinator moves, or is loading still. */
export const isAnswerForNow = (error: unknown): boolean =>
  protocolType(error) !== undefined && !isMissingTopic(error) && isRetriable(error);

/** Whether the same request may succeed later. What kafkajs does not know is a defect. */
export const isPassing = (error: unknown): boolean => {
  if (isUnauthorised(error) || isOf(refused, error) || isMissingTopic(error)) return false;
  return error instanceof KafkaJSNumberOfRetriesExceeded || isRetriable(error);
};
