import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { carriesBehaviors, parseBehaviors, parseLogOnlyBehaviors, velocityResult } from '../../processors/behaviors.ts';
import type { Facts } from '../../schemas/facts.ts';
import { event, noon } from './events.ts';
import { factsOf } from './given.ts';

const factsWith = (behaviors: string | null, more: Partial<Facts> = {}): Facts => ({
  ...factsOf(event('user.session.start', noon)),
  behaviors,
  ...more,
});

describe('the map of behaviours as text', () => {
  test.each<[string, [string, string][]]>([
    [
      '{New Device=POSITIVE, Velocity=NEGATIVE}',
      [
        ['New Device', 'POSITIVE'],
        ['Velocity', 'NEGATIVE'],
      ],
    ],
    ['Velocity=NEGATIVE', [['Velocity', 'NEGATIVE']]],
    ['{}', []],
    ['', []],
    ['{New State=BAD_REQUEST}', [['New State', 'BAD_REQUEST']]],
    [
      '{Berlin, Paris, Rome=POSITIVE, Velocity=UNKNOWN}',
      [
        ['Berlin, Paris, Rome', 'POSITIVE'],
        ['Velocity', 'UNKNOWN'],
      ],
    ],
    [
      '{a=b=POSITIVE, Velocity=NEGATIVE}',
      [
        ['a=b', 'POSITIVE'],
        ['Velocity', 'NEGATIVE'],
      ],
    ],
    ['{Risk: x=1, y=POSITIVE}', [['Risk: x=1, y', 'POSITIVE']]],
    ['{Velocity=POSITIVE, rest}', [['Velocity', 'POSITIVE']]],
    ['{Velocity=positive}', []],
    ['{Velocity=}', []],
    ['{=POSITIVE}', [['', 'POSITIVE']]],
    ['{Anomalous Location: Country=NEGATIVE}', [['Anomalous Location: Country', 'NEGATIVE']]],
    ['{Velocity=POSITIVE', [['{Velocity', 'POSITIVE']]],
    ['{A=AZ_, B=[, C=@}', [['A', 'AZ_']]],
  ])('%s', (text, pairs) => {
    expect(parseBehaviors(text)).toEqual(pairs);
  });

  test('of a long text without an end is read in one pass', () => {
    expect(parseBehaviors(`{${'a=b, '.repeat(2000)}`)).toEqual([]);
  });
});

test('behaviours for logging only are those with a text as their result', () => {
  expect(parseLogOnlyBehaviors('{"behaviors":{"Velocity":"POSITIVE","other":7}}')).toEqual([['Velocity', 'POSITIVE']]);
  for (const text of ['null', '7', '"text"', '{}', '{"behaviors":null}', '{"behaviors":7}', 'no JSON']) {
    expect(parseLogOnlyBehaviors(text)).toEqual([]);
  }
});

test('an event carries behaviours when any of the three encodings has one', () => {
  expect(carriesBehaviors(factsWith('{New IP=NEGATIVE}'))).toBe(true);
  expect(carriesBehaviors(factsWith(null, { userBehaviors: [['New IP', 'NEGATIVE']] }))).toBe(true);
  expect(carriesBehaviors(factsWith(null, { logOnlySecurityData: '{"behaviors":{"New IP":"NEGATIVE"}}' }))).toBe(true);
  expect(carriesBehaviors(factsWith('{}', { userBehaviors: [], logOnlySecurityData: '{"behaviors":{}}' }))).toBe(false);
  expect(carriesBehaviors(factsWith(null))).toBe(false);
});

test('of several velocity results POSITIVE is told before NEGATIVE, and NEGATIVE before an unknown one', () => {
  const of = (text: string) => velocityResult(factsWith(text), []);
  expect(of('{Velocity=POSITIVE, My velocity=NEGATIVE}')).toBe('positive');
  expect(of('{Velocity=NEGATIVE, My velocity=POSITIVE}')).toBe('positive');
  expect(of('{Velocity=UNKNOWN, My velocity=NEGATIVE}')).toBe('negative');
  expect(of('{Velocity=NEGATIVE, My velocity=BAD_REQUEST}')).toBe('negative');
  expect(of('{Velocity=POSITIVE, My velocity=UNKNOWN}')).toBe('positive');
  expect(of('{New IP=POSITIVE}')).toBeUndefined();
});

test('names that are set must be met whole, in any case', () => {
  const of = (text: string) => velocityResult(factsWith(text), ['too far']);
  expect(of('{TOO FAR=POSITIVE}')).toBe('positive');
  expect(of('{Velocity=POSITIVE, too far away=POSITIVE}')).toBeUndefined();
});

test('the velocity result of a text is that of its pairs, wherever velocity is mentioned', () => {
  const part = fc.constantFrom(
    'velocity',
    'VELOCITY',
    'Velocity',
    ', ',
    ',',
    '=',
    'POSITIVE',
    'NEGATIVE',
    'X',
    'a',
    '{',
    '}',
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), fc.boolean(), (parts, braces) => {
      const text = braces ? `{${parts.join('')}}` : parts.join('');
      const results = parseBehaviors(text).flatMap(([name, result]) => (/velocity/i.test(name) ? [result] : []));
      const expected =
        results.length === 0
          ? undefined
          : results.includes('POSITIVE')
            ? 'positive'
            : results.includes('NEGATIVE')
              ? 'negative'
              : 'unknown';
      expect(velocityResult(factsWith(text), [])).toBe(expected);
    }),
    { numRuns: 2_000 },
  );
});
