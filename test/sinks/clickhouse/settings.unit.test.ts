import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Secret } from '../../../runtime/secret.ts';
import { clickHouseSettingsSchema } from '../../../sinks/clickhouse/settings.ts';

const problems = (settings: unknown): string[] =>
  clickHouseSettingsSchema.safeParse(settings).error?.issues.map(({ path }) => path.join('.')) ?? [];

describe('the settings of ClickHouse', () => {
  it('are complete without any', () => {
    expect(clickHouseSettingsSchema.parse({})).toMatchObject({
      kind: 'embedded',
      events_ttl_days: 400,
      raw_ttl_days: 30,
    });
  });

  it.each([
    [{ kind: 'server' }, 'url'],
    [{ kind: 'other' }, 'kind'],
    [{ kind: 'server', url: 'ftp://host' }, 'url'],
    [{ database: 'a; DROP' }, 'database'],
    [{ events_ttl_days: 9, raw_ttl_days: 5 }, 'events_ttl_days'],
    [{ events_ttl_days: 20, raw_ttl_days: 30 }, 'raw_ttl_days'],
    [{ password: 'in the clear' }, 'password'],
    [{ raw_ttl_days: 1.5 }, 'raw_ttl_days'],
    [{ certificate: 'PEM' }, 'certificate'],
    [{ key: new Secret('PEM') }, 'certificate'],
    [{ sql_password: new Secret('x') }, 'sql_user'],
    [{ cluster: "a' b" }, 'cluster'],
    [{ unknown_key: 1 }, ''],
  ])('refuse %j and name the field', (settings, field) => {
    expect(problems(settings)).toEqual([field]);
  });

  it('take a password only as a secret, which no copy of them prints', () => {
    const settings = clickHouseSettingsSchema.parse({ password: new Secret('canary') });
    expect(JSON.stringify(settings)).not.toContain('canary');
  });

  it('describe every field', () => {
    const schema = z.toJSONSchema(clickHouseSettingsSchema, { io: 'input', unrepresentable: 'any' });
    for (const [name, field] of Object.entries(schema.properties ?? {})) {
      expect(field, name).toHaveProperty('description');
    }
  });
});
