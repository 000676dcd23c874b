import { describe, expect, it } from 'vitest';
import { Secret } from '../../../runtime/secret.ts';
import { findConflicts, type PushedKris, tenantOf } from '../../../sinks/draxis/conflicts.ts';
import { draxisSettingsSchema } from '../../../sinks/draxis/settings.ts';

const url = 'https://app.draxis.ai/api/mcp';
const target = (org: string, token: string, more: Partial<PushedKris> = {}): PushedKris => ({
  org,
  url,
  token: new Secret(token),
  selected: ['okta_mfa_adoption_pct', 'okta_app_policy_exceptions'],
  slugs: {},
  ...more,
});

describe('two writers of one KRI', () => {
  it('are found for two orgs of one tenant, whatever their tokens', () => {
    expect(
      findConflicts([
        target('a', 'drx_pat_acme.one'),
        target('b', 'drx_pat_acme.two', { selected: ['okta_app_policy_exceptions'] }),
      ]),
    ).toEqual([
      {
        tenant: 'acme',
        slug: 'okta_app_policy_exceptions',
        writers: ['a/okta_app_policy_exceptions', 'b/okta_app_policy_exceptions'],
      },
    ]);
  });

  it('are found for two slugs that are mapped to one', () => {
    const slugs = { okta_mfa_adoption_pct: 'mfa', okta_app_policy_exceptions: 'mfa' };
    expect(findConflicts([target('a', 'drx_pat_acme.one', { slugs })])[0]?.writers).toHaveLength(2);
  });

  it('are not found for other tenants, other hosts or other slugs of the tenant', () => {
    const slugs = { okta_mfa_adoption_pct: 'b_mfa', okta_app_policy_exceptions: 'b_rules' };
    const others = [
      target('b', 'drx_pat_other.one'),
      target('c', 'drx_pat_acme.one', { url: 'https://draxis.example.com/api/mcp' }),
      target('d', 'drx_pat_acme.one', { slugs }),
    ];
    expect(findConflicts([target('a', 'drx_pat_acme.one'), ...others])).toEqual([]);
  });

  it('with a token of an unknown form are told apart by the token, which is not shown', () => {
    const found = findConflicts([target('a', 'opaque-token'), target('b', 'opaque-token'), target('c', 'another')]);
    expect(found).toHaveLength(2);
    expect(JSON.stringify(found)).not.toContain('opaque');
  });
});

it('the tenant is the part of the token before the dot', () => {
  expect(tenantOf(new Secret('drx_pat_acme-eu.abc.def'))).toBe('acme-eu');
  expect(tenantOf(new Secret('something'))).toBeUndefined();
});

it('settings have defaults, and refuse what they do not know', () => {
  expect(draxisSettingsSchema.parse({})).toEqual({
    url,
    cadence: 'on-change',
    minimum_coverage: 0.95,
    argument_names: {},
    fixed_arguments: {},
    slugs: {},
  });
  expect(draxisSettingsSchema.safeParse({ slugs: { okta_unknown: 'x' } }).success).toBe(false);
  expect(draxisSettingsSchema.safeParse({ cadance: 'daily' }).success).toBe(false);
});
