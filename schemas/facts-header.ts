import { type Facts, factsVersion } from './facts.ts';

/** The record header of `okta.system-log` that carries an event's facts. */
export const factsHeader = 'facts';

const start = `[${factsVersion},`;

/**
 * Two lines, each a JSON array: the version and the first fields of the schema, then the rest. Half the bytes of an
 * object; and the lines are parsed apart, since of most events the log's fold needs nothing of the second.
 * JSON writes no line break inside a text, so the first one is where the lines part.
 * The fields are written out here and below: a loop over their names makes objects that the engine keeps as hash tables.
 */
export const encodeFacts = (facts: Facts): string => {
  const first = JSON.stringify([
    factsVersion,
    facts.pushOnlyResponseType,
    facts.behaviors,
    facts.logOnlySecurityData,
    facts.userBehaviors,
    facts.eventType,
    facts.publishedMs,
    facts.uuid,
    facts.authnRequestId,
    facts.transactionId,
    facts.externalSessionId,
  ]);
  const rest = JSON.stringify([
    facts.endedSessionId,
    facts.actorId,
    facts.outcomeResult,
    facts.targets,
    facts.severity,
    facts.outcomeReason,
    facts.actorType,
    facts.country,
    facts.transactionType,
    facts.apiTokenId,
    facts.rootSessionId,
    facts.factor,
  ]);
  return `${first}\n${rest}`;
};

/** False when there is no header or it is of another version: then the value is parsed anew. */
export const isReadable = (header: string | undefined): header is string => header?.startsWith(start) === true;

/** The first line of a readable header: `[version, pushOnlyResponseType, …]`. */
export const parseFirstLine = (header: string) => JSON.parse(header.slice(0, header.indexOf('\n')));

/** The second line of a readable header: `[endedSessionId, …]`. */
export const parseSecondLine = (header: string) => JSON.parse(header.slice(header.indexOf('\n') + 1));

/** The facts of a header, or undefined when it is not readable. */
export const decodeFacts = (header: string | undefined): Facts | undefined => {
  if (!isReadable(header)) return undefined;
  const first = parseFirstLine(header);
  const rest = parseSecondLine(header);
  return {
    pushOnlyResponseType: first[1],
    behaviors: first[2],
    logOnlySecurityData: first[3],
    userBehaviors: first[4],
    eventType: first[5],
    publishedMs: first[6],
    uuid: first[7],
    authnRequestId: first[8],
    transactionId: first[9],
    externalSessionId: first[10],
    endedSessionId: rest[0],
    actorId: rest[1],
    outcomeResult: rest[2],
    targets: rest[3],
    severity: rest[4],
    outcomeReason: rest[5],
    actorType: rest[6],
    country: rest[7],
    transactionType: rest[8],
    apiTokenId: rest[9],
    rootSessionId: rest[10],
    factor: rest[11],
  };
};
