import { describe } from 'vitest';
import { type BadConfig, itRefuses, org } from './bad-config.ts';

const badConfigs: readonly BadConfig[] = [
  {
    what: 'an unknown setting of ClickHouse',
    yaml: `orgs: {${org}}\nclickhouse: {sort: x}`,
    paths: ['clickhouse.sort'],
    hint: /kind/,
  },
  {
    what: 'a proxy that is no URL',
    yaml: `orgs: {${org}}\nnetwork: {proxy: "proxy:3128"}`,
    paths: ['network.proxy'],
    hint: /http:\/\/proxy/,
  },
  {
    what: 'a certificate file without a certificate',
    yaml: `orgs: {${org}}\nnetwork: {ca_file: not-a-certificate.pem}`,
    paths: ['network.ca_file'],
    hint: /PEM/,
  },
  {
    what: 'a ClickHouse server without its URL',
    yaml: `orgs: {${org}}\nclickhouse: {kind: server}`,
    paths: ['clickhouse.url'],
    hint: /https:/,
  },
  {
    what: 'a ClickHouse password in the file',
    yaml: `orgs: {${org}}\nclickhouse: {password: CANARY}`,
    paths: ['clickhouse.password'],
    hint: /password/,
  },
];

describe('a store or a network that is configured wrong', () => {
  itRefuses(badConfigs);
});
