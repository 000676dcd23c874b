import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { describe, expect, test } from 'vitest';
import { toSchemaText, toSubject } from '../../runtime/registry/registered-schema.ts';
import { schemaChanges } from '../../runtime/registry/schema-changes.ts';
import { readingsTopic, topics } from '../../schemas/topics.ts';

type Json = Record<string, unknown>;

const parse = (text: string) => JSON.parse(text) as Json;

describe('the schema that is registered', () => {
  test.each(topics.map((topic) => [topic.name, topic] as const))(
    'of %s is its golden file, as draft 7',
    (name, topic) => {
      const golden = readFileSync(new URL(`../golden/${name}.v${topic.version}.json`, import.meta.url), 'utf8');
      const registered = parse(toSchemaText(topic));
      expect(registered['$schema']).toBe('http://json-schema.org/draft-07/schema#');
      expect({ ...registered, $schema: '' }).toEqual({ ...parse(golden), $schema: '' });
    },
  );

  // A validator in strict mode knows the keywords of its draft and throws at others.
  test.each(topics.map((topic) => [topic.name, topic] as const))('of %s has only what draft 7 knows', (_, topic) => {
    const ajv = new Ajv({ strict: true, strictTypes: false, strictRequired: false });
    addFormats.default(ajv);
    expect(toSchemaText(topic)).not.toMatch(/\$defs|\$ref|prefixItems|unevaluated|dependent/);
    expect(() => ajv.compile(parse(toSchemaText(topic)))).not.toThrow();
  });

  test('is found under the name that stock serialisers use', () => {
    expect(toSubject('prod.', readingsTopic)).toBe('prod.kri.readings-value');
  });
});

const object = (properties: Json, required: readonly string[] = []): Json => ({ type: 'object', properties, required });
const text = { type: 'string' };
const changes = (before: Json, after: Json) => schemaChanges(JSON.stringify(before), JSON.stringify(after));

describe('what changed', () => {
  test.each<[string, Json, Json, readonly string[]]>([
    ['a required field is gone', object({ a: text }, ['a']), object({}), ['a, which is required, is gone']],
    ['an optional field is gone', object({ a: text }), object({}), ['a is gone']],
    ['a field is optional', object({ a: text }, ['a']), object({ a: text }), ['a is no longer required']],
    ['a type', object({ a: text }), object({ a: { type: 'integer' } }), ['type of a was "string" and is "integer"']],
    ['a limit', object({ a: { minimum: 0 } }), object({ a: {} }), ['minimum of a was 0 and is anything']],
    ['a value more', object({ a: { enum: ['x'] } }), object({ a: { enum: ['x', 'y'] } }), ['a may also be "y"']],
    ['a list of values', object({ a: { enum: ['x'] } }), object({ a: {} }), ['a may be any value']],
    [
      'deep within',
      object({ a: { type: 'array', items: object({ b: text }) } }),
      object({ a: { type: 'array', items: object({ b: { type: 'null' } }) } }),
      ['type of a[].b was "string" and is "null"'],
    ],
    [
      'the values of a map',
      object({ a: { type: 'object', additionalProperties: text } }),
      object({ a: { type: 'object', additionalProperties: { type: 'null' } } }),
      ['type of a.* was "string" and is "null"'],
    ],
    ['an alternative more', { anyOf: [text] }, { anyOf: [text, { type: 'null' }] }, ['null is a new alternative']],
    ['a union', object({ a: text }), object({ a: { anyOf: [text] } }), ['type of a was "string" and is anything']],
    ['the whole', { type: 'object' }, { type: 'array' }, ['type of the value was "object" and is "array"']],
  ])('names it: %s', (_, before, after, expected) => {
    expect(changes(before, after)).toEqual(expected);
  });

  test('names the kind of record, whatever the order of kinds', () => {
    const kind = (name: string, more: Json) => object({ kind: { type: 'string', const: name }, ...more });
    const before = { oneOf: [kind('user', { a: text }), kind('sweep', { b: text })] };
    const after = { oneOf: [kind('sweep', { b: { type: 'null' } }), kind('user', { a: text })] };
    expect(changes(before, after)).toEqual(['type of sweep.b was "string" and is "null"']);
  });

  test.each<[string, Json, Json]>([
    ['a new field', object({ a: text }), object({ a: text, b: text })],
    ['a new required field', object({ a: text }), object({ a: text, b: text }, ['b'])],
    ['a field that is required now', object({ a: text }), object({ a: text }, ['a'])],
    ['a description', object({ a: text }), object({ a: { ...text, description: 'x' } })],
    ['a value less', object({ a: { enum: ['x', 'y'] } }), object({ a: { enum: ['x'] } })],
    ['an alternative less', { anyOf: [text, { type: 'null' }] }, { anyOf: [text] }],
  ])('does not name what readers can do with: %s', (_, before, after) => {
    expect(changes(before, after)).toEqual([]);
  });
});
