import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Environment } from '../../cli/config/environment.ts';
import { loadConfig, toConfigError } from '../../cli/config/load.ts';
import { describeError } from '../../cli/run-program.ts';
import { exitCodes, toExitCode } from '../../runtime/errors.ts';

/** In the shapes of real tokens, so that masking is put to the test; no part of them may be printed. */
const canary = `00CANARY${'x'.repeat(34)}`;
const draxisCanary = 'drx_pat_tenant.CANARYdraxis';

const root = mkdtempSync(join(tmpdir(), 'kriver-config-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const good: Environment = { KRIVER_OKTA_TOKEN: canary, KRIVER_DRAXIS_TOKEN: draxisCanary };
const oktaOnly: Environment = { KRIVER_OKTA_TOKEN: canary };
const org = 'base_url: https://acme.okta.com';
const own = `${org}, credentials: {token_env: KRIVER_OKTA_TOKEN}`;
const other = 'base_url: https://other.okta.com, credentials: {token_env: KRIVER_OKTA_TOKEN}';

let count = 0;
const load = (yaml: string | undefined, environment: Environment = good) => {
  const directory = join(root, String(count++));
  mkdirSync(directory);
  writeFileSync(join(directory, 'not-a-certificate.pem'), 'hello');
  writeFileSync(join(directory, 'empty-token'), '\n');
  if (yaml !== undefined) writeFileSync(join(directory, 'kriver.yaml'), yaml);
  return loadConfig({ environment, workingDirectory: directory });
};

interface BadConfig {
  readonly what: string;
  readonly yaml?: string;
  readonly environment?: Environment;
  /** The paths of all problems, in any order. */
  readonly paths: readonly string[];
  readonly hint: RegExp;
}

const inOrg = (line: string): string => `orgs:\n  - ${org}\n    ${line}\n`;

const badConfigs: readonly BadConfig[] = [
  { what: 'no org at all', environment: {}, paths: ['orgs'], hint: /KRIVER_OKTA_BASE_URL/ },
  { what: 'an empty list of orgs', yaml: 'orgs: []', paths: ['orgs'], hint: /kriver init/ },
  { what: 'a tab in YAML', yaml: `orgs:\n\t- ${org}`, paths: ['FILE:2'], hint: /spaces, not tabs/ },
  { what: 'a key twice', yaml: `data_dir: a\ndata_dir: b\norgs: {${org}}`, paths: ['FILE:2'], hint: /this line/ },
  { what: 'a list instead of settings', yaml: '- a\n- b', paths: ['FILE'], hint: /kriver init/ },
  { what: 'an unknown setting', yaml: `orgs: {${org}}\ndata_dirr: x`, paths: ['data_dirr'], hint: /mean data_dir\?/ },
  { what: 'camel case', yaml: `orgs: {${org}}\nlogLevel: info`, paths: ['logLevel'], hint: /mean log_level\?/ },
  { what: 'an unknown setting of an org', yaml: inOrg('ingests: {}'), paths: ['orgs[0].ingests'], hint: /ingest\?/ },
  {
    what: 'a setting that is like none',
    yaml: inOrg('zzz: 1'),
    paths: ['orgs[0].zzz'],
    hint: /one of: name, base_url/,
  },
  {
    what: 'an unknown setting of ingest',
    yaml: inOrg('ingest: {user_sample_kap: 5}'),
    paths: ['orgs[0].ingest.user_sample_kap'],
    hint: /user_sample_cap\?/,
  },
  {
    what: 'an unknown setting of Draxis',
    yaml: inOrg('draxis: {cadance: daily}'),
    paths: ['orgs[0].draxis.cadance'],
    hint: /cadence\?/,
  },
  {
    what: 'an unknown setting of ClickHouse',
    yaml: `orgs: {${org}}\nclickhouse: {sort: x}`,
    paths: ['clickhouse.sort'],
    hint: /kind/,
  },
  {
    what: 'a negative cap',
    yaml: inOrg('ingest: {user_sample_cap: -1}'),
    paths: ['orgs[0].ingest.user_sample_cap'],
    hint: /sample/,
  },
  {
    what: 'a cap in words',
    yaml: inOrg('ingest: {user_sample_cap: many}'),
    paths: ['orgs[0].ingest.user_sample_cap'],
    hint: /2000/,
  },
  {
    what: 'half an hour of lookback',
    yaml: inOrg('ingest: {lookback_hours: 0.5}'),
    paths: ['orgs[0].ingest.lookback_hours'],
    hint: /first start/,
  },
  {
    what: 'a share above 1',
    yaml: inOrg('ingest: {rate_share: 50}'),
    paths: ['orgs[0].ingest.rate_share'],
    hint: /0\.5/,
  },
  {
    what: 'text for a flag',
    yaml: inOrg('ingest: {keep_user_names: sure}'),
    paths: ['orgs[0].ingest.keep_user_names'],
    hint: /Without this line/,
  },
  {
    what: 'an unknown KRI',
    yaml: inOrg('kris: [okta_mfa_adoption]'),
    paths: ['orgs[0].kris[0]'],
    hint: /okta_mfa_adoption_pct\?/,
  },
  { what: 'no KRIs', yaml: inOrg('kris: []'), paths: ['orgs[0].kris'], hint: /shown and pushed/ },
  {
    what: 'a definition of an unknown KRI',
    yaml: inOrg('definitions: {okta_mfa: draxis}'),
    paths: ['orgs[0].definitions.okta_mfa'],
    hint: /okta_/,
  },
  {
    what: 'an unknown definition',
    yaml: inOrg('definitions: {okta_mfa_adoption_pct: correct}'),
    paths: ['orgs[0].definitions.okta_mfa_adoption_pct'],
    hint: /corrected\?/,
  },
  {
    what: 'half a threshold',
    yaml: inOrg('thresholds: {okta_mfa_adoption_pct: {warn: 90, direction: lower-is-worse}}'),
    paths: ['orgs[0].thresholds.okta_mfa_adoption_pct.critical'],
    hint: /red/,
  },
  {
    what: 'thresholds the wrong way round',
    yaml: inOrg('thresholds: {okta_mfa_adoption_pct: {warn: 80, critical: 90, direction: lower-is-worse}}'),
    paths: ['orgs[0].thresholds.okta_mfa_adoption_pct.critical'],
    hint: /red/,
  },
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
    what: 'a token in the base URL',
    yaml: `orgs: {base_url: "https://${canary}@acme.okta.com"}`,
    paths: ['orgs[0].base_url'],
    hint: /token_env/,
  },
  {
    what: 'a wrong base URL in the environment',
    environment: { ...good, KRIVER_OKTA_BASE_URL: 'acme' },
    paths: ['KRIVER_OKTA_BASE_URL'],
    hint: /https:\/\/acme\.okta\.com/,
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
  {
    what: 'a log that is too short',
    yaml: `orgs: {${org}}\nretention: {log_days: 9}`,
    paths: ['retention.log_days'],
    hint: /At least 10/,
  },
  {
    what: 'a negative lateness',
    yaml: `orgs: {${org}}\nallowed_lateness_minutes: -1`,
    paths: ['allowed_lateness_minutes'],
    hint: /pushed/,
  },
  { what: 'an unknown log level', yaml: `orgs: {${org}}\nlog_level: warning`, paths: ['log_level'], hint: /warn\?/ },
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
  {
    what: 'a missing file that was named',
    environment: { ...good, KRIVER_CONFIG: 'gone.yaml' },
    paths: ['FILE'],
    hint: /KRIVER_CONFIG/,
  },
  {
    what: 'a directory as the file',
    environment: { ...good, KRIVER_CONFIG: '.' },
    paths: ['FILE'],
    hint: /Check that it is a file/,
  },
];

describe('a configuration that is wrong', () => {
  it.each(badConfigs)('names the place and what to do: $what', ({ yaml, environment, paths, hint }) => {
    const result = load(yaml, environment);
    const problems = result.ok ? [] : result.problems;

    expect(
      problems.map(({ path }) => (path.startsWith('/') ? path.replace(/^.*?(?=(?::\d+)?$)/, 'FILE') : path)),
    ).toEqual(paths);
    expect(problems.map((problem) => problem.hint).join(' ')).toMatch(hint);
    for (const { problem } of problems) expect(problem).toMatch(/\S.*[.?]$/s);
    expect(JSON.stringify(problems)).not.toContain('CANARY');
  });

  it('reports every problem at once', () => {
    const result = load(
      [
        'orgs:',
        '  - base_url: ftp://acme',
        '    credentials: {token_env: NOT_SET}',
        '    ingest: {user_sample_cap: -5, concurency: 2}',
        `  - base_url: https://other.okta.com`,
        '    kris: [nonsense]',
        'retention: {log_days: 1}',
        'log_level: 7',
      ].join('\n'),
      oktaOnly,
    );

    expect((result.ok ? [] : result.problems).map(({ path }) => path).sort()).toEqual([
      'log_level',
      'orgs[0].base_url',
      'orgs[0].credentials.token_env',
      'orgs[0].ingest.concurency',
      'orgs[0].ingest.user_sample_cap',
      'orgs[1].credentials',
      'orgs[1].kris[0]',
      'retention.log_days',
    ]);
  });

  it('ends the command with 78 and a text that has places, problems and hints', () => {
    const result = load(inOrg('ingest: {user_sample_cap: -1}'));
    const error = toConfigError(result.ok ? [] : result.problems);

    expect(toExitCode(error)).toBe(exitCodes.configuration);
    expect(describeError(error)).toContain('orgs[0].ingest.user_sample_cap must be at least 1');
  });
});
