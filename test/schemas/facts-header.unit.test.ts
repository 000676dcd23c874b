import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Facts, factsSchema, factsVersion } from '../../schemas/facts.ts';
import { decodeFacts, encodeFacts } from '../../schemas/facts-header.ts';
import { decodeLogFacts, type LogFacts, plainTypeOf } from '../../schemas/log-facts.ts';

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

const logFields: readonly (keyof LogFacts)[] = [
  'pushOnlyResponseType',
  'behaviors',
  'logOnlySecurityData',
  'userBehaviors',
  'eventType',
  'publishedMs',
  'uuid',
  'authnRequestId',
  'transactionId',
  'externalSessionId',
  'endedSessionId',
  'actorId',
  'outcomeResult',
  'targets',
];

describe('the header of facts', () => {
  test('survives being written and read, whatever the texts hold', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        expect(decodeFacts(encodeFacts(facts))).toEqual(facts);
      }),
    );
  });

  test('is two lines of arrays: the version, and the fields in the order of the schema', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const lines = encodeFacts(facts).split('\n');
        expect(lines).toHaveLength(2);
        const [version, ...row] = lines.flatMap((line) => JSON.parse(line));
        expect(version).toBe(factsVersion);
        expect(row).toEqual(Object.keys(factsSchema.shape).map((field) => facts[field as keyof Facts]));
      }),
      { numRuns: 20 },
    );
  });

  test.each([
    undefined,
    '',
    '{}',
    '[0,"uuid"]',
    '[1,"uuid",1767571216089,"user.session.start"]',
    `[${factsVersion}0,"uuid"]`,
    `[${factsVersion + 1},null,null,null,null,"a.type",1]`,
  ])('that is %j has no facts, so that the value is parsed anew', (header) => {
    expect(decodeFacts(header)).toBeUndefined();
    expect(decodeLogFacts(header)).toBeUndefined();
    expect(plainTypeOf(header)).toBeUndefined();
  });
});

describe('what indicators read of a header', () => {
  test('is the same as in the facts', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const read = decodeLogFacts(encodeFacts(facts)) as LogFacts;
        for (const field of logFields) expect([field, read[field]]).toEqual([field, facts[field]]);
      }),
    );
  });
});

describe('the type of a plain event', () => {
  const plain = {
    pushOnlyResponseType: fc.constant(null),
    behaviors: fc.constant(null),
    logOnlySecurityData: fc.constant(null),
    userBehaviors: fc.constantFrom<Facts['userBehaviors']>(null, []),
  };

  test('is read off the header of every event with neither behaviours nor an answer to a push', () => {
    const facts = fc.tuple(anyFacts, fc.record({ ...plain, eventType: fc.stringMatching(/^[a-z_.]+$/) }));
    fc.assert(
      fc.property(facts, ([any, more]) => {
        expect(plainTypeOf(encodeFacts({ ...any, ...more }))).toBe(more.eventType);
      }),
    );
  });

  test('is not told of any other, and never wrongly', () => {
    const eventType = fc.oneof(
      fc.string({ unit: 'grapheme', minLength: 1 }),
      fc.stringMatching(/^[a"\\\\]+$/),
      fc.constantFrom('a","b', 'a\\', '"', '\\"'),
    );
    const mostlyPlain = fc.record(
      Object.fromEntries(
        Object.entries(plain).map(([field, nothing]) => [
          field,
          fc.oneof(
            { arbitrary: nothing as fc.Arbitrary<unknown>, weight: 3 },
            field === 'userBehaviors' ? pairs : text,
          ),
        ]),
      ),
    );
    fc.assert(
      fc.property(anyFacts, mostlyPlain, eventType, (any, more, eventType) => {
        const facts = { ...any, ...more, eventType } as Facts;
        const { pushOnlyResponseType, behaviors, logOnlySecurityData, userBehaviors } = facts;
        const isPlain =
          [pushOnlyResponseType, behaviors, logOnlySecurityData].every((field) => field === null) &&
          (userBehaviors ?? []).length === 0;
        const told = plainTypeOf(encodeFacts(facts));
        if (!isPlain) expect(told).toBeUndefined();
        else expect([undefined, eventType]).toContain(told);
      }),
      { numRuns: 500 },
    );
  });
});
