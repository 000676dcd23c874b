import { describe, expect, it } from 'vitest';
import { nextLink } from '../../ingest/okta/link-header.ts';

const self = '<https://acme.okta.com/api/v1/logs>; rel="self"';
const next = '<https://acme.okta.com/api/v1/logs?after=1>; rel="next"';
const target = 'https://acme.okta.com/api/v1/logs?after=1';

describe('nextLink', () => {
  it.each([
    ['one header', next],
    ['two headers, as Okta sends them', [self, next]],
    ['headers joined by a proxy', `${self}, ${next}`],
    ['joined without a blank', `${next},${self}`],
    ['an unquoted relation', '<https://acme.okta.com/api/v1/logs?after=1>;rel=next'],
    ['a list of relations', '<https://acme.okta.com/api/v1/logs?after=1>; rel="last NEXT"'],
    ['other parameters, with a comma in quotes', `<https://x/>; title="a, <b>; rel=next"; rel="self", ${next}`],
    ['blanks around the parameters', '<https://acme.okta.com/api/v1/logs?after=1> ; rel = next'],
    ['several blanks in the list of relations', '<https://acme.okta.com/api/v1/logs?after=1>; rel="last  next"'],
    ['a link after one with an escaped quote and a comma', `<https://x/>; title="a\\", b"; rel=self, ${next}`],
  ])('finds the target in %s', (_, header) => {
    expect(nextLink(header)).toBe(target);
  });

  it('keeps commas and semicolons that are part of the URL', () => {
    expect(nextLink('<https://x/?a=1,2;rel="self">; rel="next"')).toBe('https://x/?a=1,2;rel="self"');
    expect(nextLink('<https://x/?a=1,>; rel="next"')).toBe('https://x/?a=1,');
  });

  it.each([
    ['no header', undefined],
    ['no next', self],
    ['a title that says next', '<https://x/>; title="next"; rel="self"'],
    ['a longer relation', '<https://x/>; rel="nextpage"'],
    ['a link that is cut', '<https://x/'],
    ['a link that is cut after a relation', '; rel="next", <https://x/'],
    ['a link without its beginning', 'https://x/>; rel="next"'],
    ['a link without a relation', '<https://x/>; title="x"'],
    ['a relation in quotes of another parameter', '<https://x/>; title="a\\", <https://y/>; rel=next"; rel=self'],
    ['nonsense', 'rel="next"'],
  ])('finds nothing in %s', (_, header) => {
    expect(nextLink(header)).toBeUndefined();
  });
});
