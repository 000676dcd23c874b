import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Facts, factsSchema, factsVersion } from '../../schemas/facts.ts';
import { decodeFacts, encodeFacts } from '../../schemas/facts-header.ts';

const text = fc.option(fc.string({ unit: 'grapheme' }));
const pairs = fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 3 });

const anyFacts = fc.record(
  Object.fromEntries(
    Object.keys(factsSchema.shape).map((field): [string, fc.Arbitrary<unknown>] => {
      if (field === 'publishedMs') return [field, fc.integer({ min: 0, max: 4e12 })];
      if (field === 'userBehaviors') return [field, fc.option(pairs)];
      if (field === 'targets') return [field, pairs];
      return [field, field === 'uuid' || field === 'eventType' ? fc.string({ minLength: 1 }) : text];
    }),
  ),
) as fc.Arbitrary<unknown> as fc.Arbitrary<Facts>;

describe('the header of facts', () => {
  test('survives being written and read, whatever the texts hold', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        expect(decodeFacts(encodeFacts(facts))).toEqual(facts);
      }),
    );
  });

  test('is an array: the version, and the fields in the order of the schema', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const [version, ...row] = JSON.parse(encodeFacts(facts));
        expect(version).toBe(factsVersion);
        expect(row).toEqual(Object.keys(factsSchema.shape).map((field) => facts[field as keyof Facts]));
      }),
      { numRuns: 20 },
    );
  });

  test.each([undefined, '', '{}', '[0,"uuid"]', `[${factsVersion}0,"uuid"]`, `[${factsVersion + 1},"uuid"]`])(
    'that is %j has no facts, so that the value is parsed anew',
    (header) => {
      expect(decodeFacts(header)).toBeUndefined();
    },
  );
});
