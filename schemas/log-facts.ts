import { type Facts, factsVersion } from './facts.ts';
import { isReadable, parseFirstLine, parseSecondLine } from './facts-header.ts';

/** The facts that indicators of the log read. The others are for columns. */
export type LogFacts = Pick<
  Facts,
  | 'pushOnlyResponseType'
  | 'behaviors'
  | 'logOnlySecurityData'
  | 'userBehaviors'
  | 'eventType'
  | 'publishedMs'
  | 'uuid'
  | 'authnRequestId'
  | 'transactionId'
  | 'externalSessionId'
  | 'endedSessionId'
  | 'actorId'
  | 'outcomeResult'
  | 'targets'
>;

/** Facts of which the header's second line is parsed when something of it is asked for: of few events it is. */
class LazyFacts implements LogFacts {
  readonly pushOnlyResponseType: string | null;
  readonly behaviors: string | null;
  readonly logOnlySecurityData: string | null;
  readonly userBehaviors: Facts['userBehaviors'];
  readonly eventType: string;
  readonly publishedMs: number;
  readonly uuid: string;
  readonly authnRequestId: string | null;
  readonly transactionId: string | null;
  readonly externalSessionId: string | null;
  readonly #header: string;
  #second: ReturnType<typeof parseSecondLine>;

  constructor(header: string) {
    const first = parseFirstLine(header);
    this.pushOnlyResponseType = first[1];
    this.behaviors = first[2];
    this.logOnlySecurityData = first[3];
    this.userBehaviors = first[4];
    this.eventType = first[5];
    this.publishedMs = first[6];
    this.uuid = first[7];
    this.authnRequestId = first[8];
    this.transactionId = first[9];
    this.externalSessionId = first[10];
    this.#header = header;
  }

  #secondLine() {
    this.#second ??= parseSecondLine(this.#header);
    return this.#second;
  }

  get endedSessionId(): string | null {
    return this.#secondLine()[0];
  }

  get actorId(): string | null {
    return this.#secondLine()[1];
  }

  get outcomeResult(): string | null {
    return this.#secondLine()[2];
  }

  get targets(): Facts['targets'] {
    return this.#secondLine()[3];
  }
}

/** What indicators read of a header, or undefined when there is none or it is of another version. */
export const decodeLogFacts = (header: string | undefined): LogFacts | undefined =>
  isReadable(header) ? new LazyFacts(header) : undefined;

/** How the headers of events begin that have neither behaviours nor an answer to a push, up to the type. */
const plainStarts = [`[${factsVersion},null,null,null,null,"`, `[${factsVersion},null,null,null,[],"`] as const;

/**
 * The type of an event that has neither behaviours nor an answer to a push, read off its header without parsing it;
 * that is sound because encodeFacts writes an event in one way only. Undefined for every other event and header.
 */
export const plainTypeOf = (header: string | undefined): string | undefined => {
  if (header === undefined) return undefined;
  const plainStart = plainStarts.find((text) => header.startsWith(text));
  if (plainStart === undefined) return undefined;
  const type = header.slice(plainStart.length, header.indexOf('"', plainStart.length));
  // Okta's types have nothing to escape; one that has may end elsewhere.
  return type.includes('\\') ? undefined : type;
};
