import { describe, expect, it } from 'vitest';
import { toConfigError } from '../../cli/config/load.ts';
import { describeError } from '../../cli/run-program.ts';
import { exitCodes, toExitCode } from '../../runtime/errors.ts';
import { type BadConfig, good, inOrg, itRefuses, load, oktaOnly, org } from './bad-config.ts';

const badConfigs: readonly BadConfig[] = [
  { what: 'a tab in YAML', yaml: `orgs:\n\t- ${org}`, paths: ['FILE:2'], hint: /spaces, not tabs/ },
  { what: 'a key twice', yaml: `data_dir: a\ndata_dir: b\norgs: {${org}}`, paths: ['FILE:2'], hint: /this line/ },
  { what: 'a list instead of settings', yaml: '- a\n- b', paths: ['FILE'], hint: /kriver init/ },
  { what: 'an unknown setting', yaml: `orgs: {${org}}\ndata_dirr: x`, paths: ['data_dirr'], hint: /mean data_dir\?/ },
  { what: 'camel case', yaml: `orgs: {${org}}\nlogLevel: info`, paths: ['logLevel'], hint: /mean log_level\?/ },
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
  { what: 'no org at all', environment: {}, paths: ['orgs'], hint: /KRIVER_OKTA_BASE_URL/ },
  { what: 'an empty list of orgs', yaml: 'orgs: []', paths: ['orgs'], hint: /kriver init/ },
  { what: 'an unknown setting of an org', yaml: inOrg('ingests: {}'), paths: ['orgs[0].ingests'], hint: /ingest\?/ },
];

describe('a configuration that is wrong', () => {
  itRefuses(badConfigs);

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
