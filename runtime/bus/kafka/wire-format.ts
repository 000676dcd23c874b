/** A frame is a zero byte, the id of the schema as four bytes, big end first, and then the value. */
const frameBytes = 5;

/**
 * The Confluent wire format: what any consumer with the registry's address can read. The value's own bytes stay as they
 * are, so Okta's events are in the topic as Okta sent them.
 */
export const toFrame = (schemaId: number, value: Buffer): Buffer => {
  const framed = Buffer.allocUnsafe(frameBytes + value.length);
  framed.writeUInt8(0, 0);
  framed.writeUInt32BE(schemaId, 1);
  value.copy(framed, frameBytes);
  return framed;
};

/** The value within a frame, without copying it; undefined for bytes that are not framed: JSON never begins with a zero. */
export const fromFrame = (framed: Buffer): Buffer | undefined =>
  framed.length >= frameBytes && framed[0] === 0 ? framed.subarray(frameBytes) : undefined;

/** The ids under which the registry knows the schemas of topics, by the topic's plain name, as they were registered at the start. */
export type SchemaIds = ReadonlyMap<string, number>;
