import { describe } from 'vitest';
import { type BadConfig, canary, draxisCanary, good, inOrg, itRefuses, oktaOnly, other, own } from './bad-config.ts';

const badConfigs: readonly BadConfig[] = [
  {
    what: 'a token in the base URL',
    yaml: `orgs: {base_url: "https://${canary}@acme.okta.com"}`,
    paths: ['orgs[0].base_url'],
    hint: /token_env/,
  },
  {
    what: 'a token as the base URL',
    environment: { ...good, KRIVER_OKTA_BASE_URL: canary },
    paths: ['KRIVER_OKTA_BASE_URL'],
    hint: /token_env/,
  },
  {
    what: 'no token',
    environment: { KRIVER_OKTA_BASE_URL: 'https://acme.okta.com' },
    paths: ['KRIVER_OKTA_TOKEN'],
    hint: /kriver secret set/,
  },
  {
    what: 'a token of two lines',
    environment: { KRIVER_OKTA_BASE_URL: 'https://acme.okta.com', KRIVER_OKTA_TOKEN: `CANARY\n${canary}` },
    paths: ['KRIVER_OKTA_TOKEN'],
    hint: /one line/,
  },
  {
    what: 'a variable that is not set',
    yaml: inOrg('credentials: {token_env: NOT_SET}'),
    paths: ['orgs[0].credentials.token_env'],
    hint: /Set NOT_SET/,
  },
  {
    what: 'a secret that is not stored',
    yaml: inOrg('credentials: {token_secret: okta}'),
    paths: ['orgs[0].credentials.token_secret'],
    hint: /kriver secret set okta/,
  },
  {
    what: 'a token file that is not there',
    yaml: inOrg('credentials: {token_file: nowhere}'),
    paths: ['orgs[0].credentials.token_file'],
    hint: /relative paths/,
  },
  {
    what: 'an empty token file',
    yaml: inOrg('credentials: {token_file: empty-token}'),
    paths: ['orgs[0].credentials.token_file'],
    hint: /alone on one line/,
  },
  {
    what: 'two sources of a token',
    yaml: inOrg('credentials: {token_env: A, token_file: b}'),
    paths: ['orgs[0].credentials'],
    hint: /exactly one/,
  },
  {
    what: 'a token in the file',
    yaml: inOrg(`credentials: {token: ${canary}}`),
    paths: ['orgs[0].credentials.token'],
    hint: /revoke/,
  },
  {
    what: 'a token instead of its source',
    yaml: inOrg(`credentials: ${canary}`),
    paths: ['orgs[0].credentials'],
    hint: /token_env/,
  },
  {
    what: 'a token as the name of a variable',
    yaml: inOrg(`credentials: {token_env: ${canary}}`),
    paths: ['orgs[0].credentials.token_env'],
    hint: /revoke/,
  },
  {
    what: 'a token with its scheme in the wrong place',
    yaml: inOrg(`name: SSWS ${canary}`),
    paths: ['orgs[0].name'],
    hint: /revoke/,
  },
  { what: 'a token as a key', yaml: inOrg(`${canary}: x`), paths: ['orgs[0].***'], hint: /revoke/ },
  { what: 'a token in broken YAML', yaml: `orgs:\n  token: "${canary}\n`, paths: ['FILE:3'], hint: /quotes/ },
  {
    what: 'a Draxis token in the file',
    yaml: inOrg(`draxis: {token: ${draxisCanary}}`),
    paths: ['orgs[0].draxis.token'],
    hint: /token_secret/,
  },
  {
    what: 'no Draxis token',
    yaml: inOrg('draxis: {}'),
    environment: { KRIVER_OKTA_TOKEN: canary },
    paths: ['KRIVER_DRAXIS_TOKEN'],
    hint: /Set KRIVER_DRAXIS_TOKEN/,
  },
  {
    what: 'several orgs and one unnamed token',
    yaml: `orgs:\n  - {${own}}\n  - {base_url: https://other.okta.com}`,
    environment: oktaOnly,
    paths: ['orgs[1].credentials'],
    hint: /token_env, token_secret or token_file/,
  },
  {
    what: 'a Draxis token that fits several orgs',
    yaml: `orgs:\n  - {${own}}\n  - {${other}}`,
    paths: ['KRIVER_ORG'],
    hint: /which of them/,
  },
];

describe('a token that is configured wrong', () => {
  itRefuses(badConfigs);
});
