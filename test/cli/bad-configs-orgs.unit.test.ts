import { describe } from 'vitest';
import { type BadConfig, good, inOrg, itRefuses, oktaOnly, other, own } from './bad-config.ts';

const badConfigs: readonly BadConfig[] = [
  { what: 'a slash in a name', yaml: inOrg('name: acme/emea'), paths: ['orgs[0].name'], hint: /letters, digits, dot/ },
  { what: 'no base URL', yaml: 'orgs: {name: acme}', paths: ['orgs[0].base_url'], hint: /https and a host/ },
  {
    what: 'a base URL over http',
    yaml: 'orgs: {base_url: http://acme.okta.com}',
    paths: ['orgs[0].base_url'],
    hint: /https/,
  },
  {
    what: 'a base URL with a path',
    yaml: 'orgs: {base_url: https://acme.okta.com/api/v1}',
    paths: ['orgs[0].base_url'],
    hint: /host/,
  },
  {
    what: 'a base URL of the admin console',
    yaml: 'orgs: {base_url: https://acme-admin.okta.com}',
    paths: ['orgs[0].base_url'],
    hint: /-admin/,
  },
  {
    what: 'a base URL outside Okta',
    yaml: 'orgs: {base_url: https://login.acme.com}',
    paths: ['orgs[0].base_url'],
    hint: /custom_domain/,
  },
  {
    what: 'loopback without permission',
    yaml: 'orgs: {base_url: "http://127.0.0.1:8090"}',
    paths: ['orgs[0].base_url'],
    hint: /KRIVER_ALLOW_LOOPBACK=1/,
  },
  {
    what: 'a wrong base URL in the environment',
    environment: { ...good, KRIVER_OKTA_BASE_URL: 'acme' },
    paths: ['KRIVER_OKTA_BASE_URL'],
    hint: /https:\/\/acme\.okta\.com/,
  },
  {
    what: 'Draxis over http',
    yaml: inOrg('draxis: {url: http://draxis.example.com/api/mcp}'),
    paths: ['orgs[0].draxis.url'],
    hint: /MCP endpoint/,
  },
  {
    what: 'a cadence that there is not',
    yaml: inOrg('draxis: {cadence: weekly}'),
    paths: ['orgs[0].draxis.cadence'],
    hint: /on-change/,
  },
  {
    what: 'two orgs of one name',
    yaml: `orgs:\n  - {${own}}\n  - {name: acme, ${other}}`,
    environment: oktaOnly,
    paths: ['orgs[1].name'],
    hint: /name of its own/,
  },
  {
    what: 'two orgs that write one KRI of one tenant',
    yaml: `orgs:\n  - {${own}, draxis: {}}\n  - {${other}, draxis: {}}`,
    paths: ['orgs[1].draxis.slugs'],
    hint: /slugs of its own/,
  },
  {
    what: 'variables that fit several orgs',
    yaml: `orgs:\n  - {${own}}\n  - {${other}}`,
    environment: { ...good, KRIVER_OKTA_BASE_URL: 'https://acme.okta.com' },
    paths: ['KRIVER_ORG'],
    hint: /which of them/,
  },
  {
    what: 'an org that the file does not name',
    yaml: `orgs:\n  - {name: a, ${own}}\n  - {name: b, ${other}}`,
    environment: { ...good, KRIVER_ORG: 'c' },
    paths: ['KRIVER_ORG'],
    hint: /a, b/,
  },
  {
    what: 'another name than the file says',
    yaml: inOrg('name: a'),
    environment: { ...good, KRIVER_ORG: 'b' },
    paths: ['KRIVER_ORG'],
    hint: /same name/,
  },
];

describe('an org that is configured wrong', () => {
  itRefuses(badConfigs);
});
