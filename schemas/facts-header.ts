import { type Facts, factsVersion } from './facts.ts';

/** The record header of `okta.system-log` that carries an event's facts. */
export const factsHeader = 'facts';

const start = `[${factsVersion},`;

/**
 * A JSON array, version first and then the fields in the order of the schema: half the bytes of an object.
 * The fields are written out here and below: a loop over their names makes objects that the engine keeps as hash tables.
 */
export const encodeFacts = (facts: Facts): string => {
  return JSON.stringify([
    factsVersion,
    facts.uuid,
    facts.publishedMs,
    facts.eventType,
    facts.severity,
    facts.outcomeResult,
    facts.outcomeReason,
    facts.actorId,
    facts.actorType,
    facts.country,
    facts.transactionId,
    facts.transactionType,
    facts.apiTokenId,
    facts.externalSessionId,
    facts.rootSessionId,
    facts.authnRequestId,
    facts.endedSessionId,
    facts.factor,
    facts.pushOnlyResponseType,
    facts.behaviors,
    facts.logOnlySecurityData,
    facts.userBehaviors,
    facts.targets,
  ]);
};

/** The facts of a header, or undefined when there is none or it is of another version: then the value is parsed anew. */
export const decodeFacts = (header: string | undefined): Facts | undefined => {
  if (header === undefined || !header.startsWith(start)) return undefined;
  const row = JSON.parse(header);
  return {
    uuid: row[1],
    publishedMs: row[2],
    eventType: row[3],
    severity: row[4],
    outcomeResult: row[5],
    outcomeReason: row[6],
    actorId: row[7],
    actorType: row[8],
    country: row[9],
    transactionId: row[10],
    transactionType: row[11],
    apiTokenId: row[12],
    externalSessionId: row[13],
    rootSessionId: row[14],
    authnRequestId: row[15],
    endedSessionId: row[16],
    factor: row[17],
    pushOnlyResponseType: row[18],
    behaviors: row[19],
    logOnlySecurityData: row[20],
    userBehaviors: row[21],
    targets: row[22],
  };
};
