import { type Facts, factsSchema, factsVersion } from './facts.ts';

/** The record header of `okta.system-log` that carries an event's facts. */
export const factsHeader = 'facts';

const fields = Object.keys(factsSchema.shape) as (keyof Facts)[];

/** A JSON array, version first and then the fields in the order of the schema: half the bytes of an object. */
export const encodeFacts = (facts: Facts): string => {
  const row: unknown[] = [factsVersion];
  for (const field of fields) row.push(facts[field]);
  return JSON.stringify(row);
};

/** The facts of a header, or undefined when there is none or it is of another version: then the value is parsed anew. */
export const decodeFacts = (header: string | undefined): Facts | undefined => {
  if (header === undefined || !header.startsWith(`[${factsVersion},`)) return undefined;
  const row = JSON.parse(header) as unknown[];
  const facts: Record<string, unknown> = {};
  for (let index = 0; index < fields.length; index += 1) facts[fields[index] as string] = row[index + 1];
  return facts as Facts;
};
