import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { Config } from '../../cli/config/config.ts';
import type { Environment } from '../../cli/config/environment.ts';
import { printInitFile } from '../../cli/config/init-file.ts';
import { loadConfig, locateDataDirectory } from '../../cli/config/load.ts';
import { createSecretStore } from '../../cli/secrets/store.ts';
import { AppError } from '../../runtime/errors.ts';
import { Secret } from '../../runtime/secret.ts';
import { slugs } from '../../schemas/slugs.ts';

const root = mkdtempSync(join(tmpdir(), 'kriver-config-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let count = 0;
let directory = '';
beforeEach(() => {
  directory = join(root, String(count++));
  mkdirSync(directory);
});

const load = (
  environment: Environment,
  options: { readonly yaml?: string; readonly dataDirectory?: string } = {},
): Config => {
  if (options.yaml !== undefined) writeFileSync(join(directory, 'kriver.yaml'), options.yaml);
  const result = loadConfig({ environment, workingDirectory: directory, dataDirectory: options.dataDirectory });
  if (!result.ok) throw new Error(inspect(result.problems));
  return result.config;
};

const environment = { KRIVER_OKTA_BASE_URL: 'https://acme.okta.com', KRIVER_OKTA_TOKEN: 'okta-token' };

describe('the environment alone', () => {
  it('configures one org, named after the first label of its host, with all defaults', () => {
    const config = load(environment);
    const [org] = config.orgs;

    expect(config.orgs.length).toBe(1);
    expect(org).toMatchObject({ name: 'acme', kris: slugs, thresholds: {}, velocityNames: [], draxis: undefined });
    expect(org?.baseUrl.href).toBe('https://acme.okta.com/');
    expect(org?.token.reveal()).toBe('okta-token');
    expect(new Set(Object.values(org?.definitions ?? {}))).toEqual(new Set(['draxis']));
    expect(org?.ingest.user_sample_cap).toBe(2000);
    expect(config.dataDirectory).toBe(join(directory, '.kriver'));
    expect(config.clickHouse).toMatchObject({ kind: 'embedded', path: join(directory, '.kriver', 'clickhouse') });
    expect(config).toMatchObject({
      allowedLatenessMinutes: 10,
      logLevel: 'info',
      allowLoopback: false,
    });
  });

  it('takes KRIVER_ORG as the name', () => {
    expect(load({ ...environment, KRIVER_ORG: 'production' }).orgs[0]?.name).toBe('production');
  });

  it('calls an org on this machine local, where that is permitted', () => {
    const config = load({ ...environment, KRIVER_OKTA_BASE_URL: 'http://127.0.0.1:8090', KRIVER_ALLOW_LOOPBACK: '1' });

    expect(config.orgs[0]?.name).toBe('local');
    expect(config.allowLoopback).toBe(true);
  });

  it('turns pushing on with a Draxis token, and with a Draxis URL', () => {
    const byToken = load({ ...environment, KRIVER_DRAXIS_TOKEN: 'drx_pat_t.secret' });
    expect(byToken.orgs[0]?.draxis?.settings.url).toBe('https://app.draxis.ai/api/mcp');

    const byUrl = load({
      ...environment,
      KRIVER_ALLOW_LOOPBACK: '1',
      KRIVER_DRAXIS_URL: 'http://127.0.0.1:9000/api/mcp',
      KRIVER_DRAXIS_TOKEN: 'drx_pat_t.secret',
    });
    expect(byUrl.orgs[0]?.draxis?.settings.url).toBe('http://127.0.0.1:9000/api/mcp');
    expect(byUrl.orgs[0]?.draxis?.token.reveal()).toBe('drx_pat_t.secret');
  });

  it('counts a variable that is set to nothing as not set', () => {
    expect(load({ ...environment, KRIVER_ORG: '', KRIVER_DRAXIS_URL: ' ' }).orgs[0]).toMatchObject({
      name: 'acme',
      draxis: undefined,
    });
  });
});

describe('file and environment together', () => {
  it('reads a single org and fills what the environment says', () => {
    const config = load(environment, { yaml: 'orgs:\n  name: acme-prod\n  ingest: {user_sample_cap: all}\n' });

    expect(config.orgs[0]).toMatchObject({ name: 'acme-prod', ingest: { user_sample_cap: 'all' } });
  });

  it('lets variables speak of the org that KRIVER_ORG names, and of no other', () => {
    const config = load(
      { ...environment, KRIVER_ORG: 'b', KRIVER_OKTA_BASE_URL: 'https://b2.okta.com', A_TOKEN: 'a-token' },
      {
        yaml: 'orgs:\n  - {name: a, base_url: https://a.okta.com, credentials: {token_env: A_TOKEN}}\n  - {name: b, base_url: https://b.okta.com}\n',
      },
    );

    expect(config.orgs.map((org) => [org.baseUrl.host, org.token.reveal()])).toEqual([
      ['a.okta.com', 'a-token'],
      ['b2.okta.com', 'okta-token'],
    ]);
  });

  it('allows a custom domain that is named', () => {
    const yaml = 'orgs: {base_url: https://login.acme.com, custom_domain: login.acme.com}';

    expect(load({ KRIVER_OKTA_TOKEN: 'okta-token' }, { yaml }).orgs[0]).toMatchObject({
      name: 'login',
      customDomains: ['login.acme.com'],
    });
  });

  it('reads tokens from files and from stored secrets', () => {
    writeFileSync(join(directory, 'token'), 'SSWS from-file\n');
    createSecretStore({ directory: join(directory, 'data'), environment: {} }).write(
      'okta-b',
      new Secret('from-store'),
    );
    const yaml = [
      'data_dir: data',
      'orgs:',
      '  - {base_url: https://a.okta.com, credentials: {token_file: token}}',
      '  - {base_url: https://b.okta.com, credentials: {token_secret: okta-b}}',
    ].join('\n');

    expect(load({}, { yaml }).orgs.map((org) => org.token.reveal())).toEqual(['from-file', 'from-store']);
  });

  it('prefers --data-dir to KRIVER_DATA_DIR, and that to the file', () => {
    const yaml = 'orgs: {base_url: https://a.okta.com}\ndata_dir: in-file';
    const variables = { ...environment, KRIVER_DATA_DIR: 'in-environment' };

    expect(load(environment, { yaml }).dataDirectory).toBe(join(directory, 'in-file'));
    expect(load(variables, { yaml }).dataDirectory).toBe(join(directory, 'in-environment'));
    expect(load(variables, { yaml, dataDirectory: 'given' }).dataDirectory).toBe(join(directory, 'given'));
  });

  it('lets two orgs write one tenant under slugs of their own', () => {
    const yaml = [
      'orgs:',
      '  - {base_url: https://a.okta.com, credentials: {token_env: A}, draxis: {}, kris: [okta_mfa_adoption_pct]}',
      '  - {base_url: https://b.okta.com, credentials: {token_env: B}, draxis: {slugs: {okta_mfa_adoption_pct: b_mfa}}, kris: [okta_mfa_adoption_pct]}',
    ].join('\n');

    expect(load({ A: 'a-token', B: 'b-token', KRIVER_DRAXIS_TOKEN: 'drx_pat_t.secret' }, { yaml }).orgs.length).toBe(2);
  });

  it('prints no token, however the configuration is printed', () => {
    const config = load({ ...environment, KRIVER_DRAXIS_TOKEN: 'drx_pat_t.secret' });

    expect(`${inspect(config, { depth: 9 })}${JSON.stringify(config)}`).not.toMatch(/okta-token|drx_pat/);
  });
});

describe('the data directory alone', () => {
  it('is found although the rest of the file is not right yet', () => {
    writeFileSync(join(directory, 'kriver.yaml'), 'data_dir: here\norgs: {base_url: nonsense}');

    expect(locateDataDirectory({ environment: {}, workingDirectory: directory })).toBe(join(directory, 'here'));
  });

  it('is not guessed when the file cannot be read', () => {
    writeFileSync(join(directory, 'kriver.yaml'), 'data_dir: "here');

    expect(() => locateDataDirectory({ environment: {}, workingDirectory: directory })).toThrow(AppError);
  });
});

describe('the file that kriver init writes', () => {
  const without = (config: Config) => ({ ...config, file: undefined });

  it('means the defaults', () => {
    const fromFile = load(
      { KRIVER_OKTA_TOKEN: 'okta-token' },
      { yaml: printInitFile({ org: undefined, baseUrl: 'https://acme.okta.com' }) },
    );
    rmSync(join(directory, 'kriver.yaml'));

    expect(JSON.stringify(without(fromFile))).toBe(JSON.stringify(without(load(environment))));
  });

  it('still means the defaults when the lines of settings with a default are uncommented', () => {
    const commented = printInitFile({ org: 'acme', baseUrl: 'https://acme.okta.com' });
    const uncommented = commented
      .split('\n')
      .map((line) =>
        /#[a-z_]+:/.test(line) && !/: ""$/.test(line) && !/#(?:draxis|(?:sql_)?password|brokers):/.test(line)
          ? line.replace('#', '')
          : line,
      )
      .join('\n')
      .replace(/# (?:Where readings are pushed|How Kriver signs in)[\s\S]*?\n\n/g, '\n');
    expect(uncommented).toContain('\n      rate_share: 0.5\n');
    expect(uncommented).toContain('\nlog_level: info\n');
    const fromFile = load({ KRIVER_OKTA_TOKEN: 'okta-token' }, { yaml: uncommented });
    rmSync(join(directory, 'kriver.yaml'));

    expect(JSON.stringify(without(fromFile))).toBe(JSON.stringify(without(load(environment))));
  });
});
