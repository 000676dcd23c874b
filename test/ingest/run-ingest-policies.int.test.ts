import { describe, expect, it } from 'vitest';
import { name, recordsOf, refusal, stage, sweepsOf, valuesOf } from './ingest-stage.ts';
import { createModelOrg } from './model-org.ts';

describe('policies', () => {
  it('come with all pages of their rules, in one record each', async () => {
    const rules = Array.from({ length: 5 }, (_, index) => ({
      id: `r${index}`,
      status: 'ACTIVE',
      actions: { appSignOn: { access: 'ALLOW' } },
    }));
    const { bus, once } = await stage(
      createModelOrg({
        policies: [
          { id: 'p1', rules },
          { id: 'p2', rules: [] },
        ],
        rulesPerPage: 2,
      }),
    );
    expect((await once()).fetched).toMatchObject({ policies: 2, rules: 5 });
    const [policy] = await valuesOf(bus, 'okta.policy-snapshots', `${name}/policy/p1`);
    const first = { id: 'r0', access: 'ALLOW', verificationMethod: null };
    expect(policy?.rules).toMatchObject([first, ...['r1', 'r2', 'r3', 'r4'].map((id) => ({ id }))]);
    expect((await sweepsOf(bus, 'policies')).at(-1)).toMatchObject({
      wanted: 2,
      read: 2,
      completed: expect.any(String),
    });
  });

  it('whose rules were half read are not published, and are read on later', async () => {
    const policies = ['p1', 'p2', 'p3'].map((id) => ({ id, rules: [{ id: `${id}a` }, { id: `${id}b` }] }));
    const org = createModelOrg({ policies, rulesPerPage: 1 });
    org.fault = ({ path, search }) =>
      path.includes('/p2/') && search.has('after') ? refusal(503, 'E0000010') : undefined;
    const { bus, server, once } = await stage(org);
    expect((await once()).error?.code).toBe('okta-unavailable');
    const keys = async () =>
      (await recordsOf(bus, 'okta.policy-snapshots')).map(({ key }) => key).filter((key) => key.includes('/policy/'));
    expect(await keys()).toEqual([`${name}/policy/p1`]);
    org.fault = () => undefined;
    const before = server.seen.length;
    await once();
    expect(await keys()).toEqual(['p1', 'p2', 'p3'].map((id) => `${name}/policy/${id}`));
    expect(server.seen.slice(before).some(({ path }) => path.includes('/p1/'))).toBe(false);
  });
});
