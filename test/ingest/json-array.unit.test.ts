import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutArray } from '../../ingest/json-array.ts';

const texts = (json: string): readonly string[] | undefined => cutArray(Buffer.from(json))?.map(String);

describe('cutArray', () => {
  it('gives the bytes of each element exactly as they were', () => {
    expect(texts('[ {"a" : 1.0} ,\n"x,]\\"",[1,[2]],{"b":"}"} ]\n')).toEqual([
      '{"a" : 1.0}',
      '"x,]\\""',
      '[1,[2]]',
      '{"b":"}"}',
    ]);
  });

  it('gives no elements for an empty array', () => {
    expect(texts('[]')).toEqual([]);
    expect(texts(' [ \n ] ')).toEqual([]);
  });

  it.each(['', '{}', '[', '[1', '[1,', '[1,]', '[,1]', '["a]', '[{"a":1]', 'null', '<html>'])(
    'gives undefined for %j',
    (json) => {
      expect(texts(json)).toBeUndefined();
    },
  );

  it('agrees with JSON.parse on any array, whatever the blanks', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue({ noUnicodeString: false } as never)),
        fc.constantFrom(0, 1, '\t', '\r\n '),
        (values, indent) => {
          const cuts = texts(JSON.stringify(values, null, indent));
          expect(cuts?.map((cut) => JSON.parse(cut))).toEqual(JSON.parse(JSON.stringify(values)));
        },
      ),
    );
  });

  it('never returns elements for an array that is cut short', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue(), { minLength: 1 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (values, part) => {
          const json = Buffer.from(JSON.stringify(values));
          expect(cutArray(json.subarray(0, Math.floor(json.length * part)))).toBeUndefined();
        },
      ),
    );
  });

  it('is linear: a deep nest and a long run of escapes take no time', () => {
    const deep = `[${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}]`;
    expect(cutArray(Buffer.from(deep))?.length).toBe(1);
    const escapes = JSON.stringify(['\\'.repeat(1_000_000), '"'.repeat(1_000_000)]);
    expect(cutArray(Buffer.from(escapes))?.length).toBe(2);
  });
});
