import { isGroup } from './environment.ts';
import { childOf, type JsonSchema } from './json-schema.ts';

/**
 * A key with nothing after it is what remains when all lines below it are commented out: a group is then there with its
 * defaults (`draxis:` turns pushing on), anything else is as if it were not written.
 */
export const dropEmpty = (value: unknown, schema: JsonSchema | undefined): unknown => {
  if (Array.isArray(value)) return value.map((item, index) => dropEmpty(item, schema && childOf(schema, index)));
  if (!isGroup(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, child]) => {
      const declared = schema && childOf(schema, key);
      if (child !== null) return [[key, dropEmpty(child, declared)]];
      return declared?.properties === undefined ? [] : [[key, {}]];
    }),
  );
};
