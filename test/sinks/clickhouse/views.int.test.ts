import { beforeAll, describe, expect, it } from 'vitest';
import type { Facts } from '../../../schemas/facts.ts';
import { encodeEventRows, insertEvents } from '../../../sinks/clickhouse/events.ts';
import { createClickHouseSinks } from '../../../sinks/clickhouse/sinks.ts';
import { applyThresholds, type Threshold } from '../../../sinks/clickhouse/thresholds.ts';
import type { SinkRecord } from '../../../sinks/sink.ts';
import { exampleFacts, exampleReading, progressRecord, readingRecord, systemLog, toRecord } from './example-records.ts';
import { chdbAvailable, useDatabase } from './test-database.ts';

const hours = (count: number): number => Date.UTC(2026, 2, 1) + count * 3_600_000;
const iso = (timeMs: number): string => new Date(timeMs).toISOString();

describe.skipIf(!chdbAvailable)('views', () => {
  const database = useDatabase();

  const write = async (topic: string, records: readonly SinkRecord[]): Promise<void> => {
    await createClickHouseSinks(database.client)
      .find((candidate) => candidate.topic === topic)
      ?.sink.write(records);
  };
  const insert = (events: readonly Partial<Facts>[]): Promise<void> =>
    insertEvents(
      database.client,
      encodeEventRows(
        events.map((changes, index) => ({
          org: 'acme',
          facts: exampleFacts({ uuid: `event-${index}`, externalSessionId: null, ...changes }),
          offset: index,
        })),
      ),
    );

  describe('kri_history and kri_current', () => {
    const slug = 'okta_mfa_adoption_pct';
    const adoption: Threshold = { org: 'acme', slug, warn: 90, critical: 70, direction: 'lower-is-worse' };
    const denials: Threshold = {
      org: 'acme',
      slug: 'okta_failed_mfa_push_24h',
      warn: 5,
      critical: 20,
      direction: 'higher-is-worse',
    };

    const reading = (
      hour: number,
      value: number | null,
      changes: { slug?: Threshold['slug']; version?: string } = {},
    ) => {
      const score = { value, numerator: null, denominator: null, status: 'ok' as const, coverage: 1 };
      return exampleReading({
        ...(changes as object),
        asOf: iso(hours(hour)),
        draxis: score,
        corrected: { ...score, value: null },
        version: changes.version ?? String(hour),
      });
    };

    beforeAll(async () => {
      await database.empty();
      await applyThresholds(database.client, [adoption, denials], hours(0));
      await applyThresholds(database.client, [{ ...adoption, critical: 80 }, denials], hours(5));
      const readings = [
        reading(1, 90.1),
        reading(2, 90),
        reading(3, 70),
        reading(4, 75),
        reading(5, 75),
        reading(5, 99, { version: '4' }),
        reading(6, null),
        reading(1, 4, { slug: denials.slug }),
        reading(2, 5, { slug: denials.slug }),
        reading(3, 20, { slug: denials.slug }),
      ];
      await write(
        'kri.readings',
        readings.map((one, index) => readingRecord(index, one)),
      );
    });

    it('level each reading by the thresholds that held at its minute; thresholds are inclusive', async () => {
      const rows = await database.rows(
        'SELECT slug, draxis_value AS value, draxis_level AS level, corrected_level FROM kri_history ORDER BY slug, as_of',
      );
      expect(rows.map(({ value, level, corrected_level }) => [value, level, corrected_level])).toEqual([
        [4, 'green', null],
        [5, 'amber', null],
        [20, 'red', null],
        [90.1, 'green', null],
        [90, 'amber', null],
        [70, 'red', null],
        [75, 'amber', null],
        [75, 'red', null],
        [null, null, null],
      ]);
    });

    it('give the newest minute of each indicator, at its newest version', async () => {
      expect(await database.rows('SELECT slug, as_of, draxis_level FROM kri_current ORDER BY slug')).toEqual([
        { slug: denials.slug, as_of: '2026-03-01T03:00:00Z', draxis_level: 'red' },
        { slug, as_of: '2026-03-01T06:00:00Z', draxis_level: null },
      ]);
    });

    it('leave the dated thresholds alone when nothing changed', async () => {
      await applyThresholds(database.client, [{ ...adoption, critical: 80 }, denials], hours(9));
      expect(
        await database.rows('SELECT slug, valid_from, critical FROM thresholds FINAL ORDER BY slug, valid_from'),
      ).toEqual([
        { slug: denials.slug, valid_from: '1970-01-01T00:00:00Z', critical: 20 },
        { slug, valid_from: '1970-01-01T00:00:00Z', critical: 70 },
        { slug, valid_from: '2026-03-01T05:00:00Z', critical: 80 },
      ]);
    });

    it('level the readings of each org by its own thresholds', async () => {
      await database.empty();
      const strict: Threshold = { ...adoption, org: 'umbrella', warn: 100, critical: 99 };
      await applyThresholds(database.client, [adoption, strict], hours(0));
      const own = [reading(1, 95), { ...reading(1, 95), org: 'umbrella' }, { ...reading(1, 95), org: 'initech' }];
      await write(
        'kri.readings',
        own.map((one, index) => readingRecord(index, one)),
      );
      expect(await database.rows('SELECT org, draxis_level AS level FROM kri_current ORDER BY org')).toEqual([
        { org: 'acme', level: 'green' },
        { org: 'initech', level: null },
        { org: 'umbrella', level: 'red' },
      ]);
    });
  });

  describe('admin_sessions', () => {
    const start = (id: string | null, hour: number, actorId = '00u1'): Partial<Facts> => ({
      eventType: 'user.session.access_admin_app',
      publishedMs: hours(hour),
      externalSessionId: id,
      actorId,
    });
    const end = (id: string | null, hour: number, endedSessionId: string | null = null): Partial<Facts> => ({
      eventType: 'user.session.end',
      publishedMs: hours(hour),
      externalSessionId: id,
      endedSessionId,
    });
    const clear = (userId: string, hour: number): Partial<Facts> => ({
      eventType: 'user.session.clear',
      publishedMs: hours(hour),
      actorId: '00uAdmin',
      targets: [['User', userId]],
    });

    const sessions = async (events: readonly Partial<Facts>[]) => {
      await database.empty();
      await insert(events);
      const rows = await database.rows(
        'SELECT session_id, user_id, started, ended, ended_by, minutes, over_8h, open FROM admin_sessions ORDER BY session_id, started',
      );
      return rows.map((row) => Object.values(row));
    };

    it('pair the earliest start with the earliest end after it', async () => {
      expect(
        await sessions([start('102a', 3), start('102a', 1), end('102a', 9), end('102a', 9.5), end('102a', 0.5)]),
      ).toEqual([['102a', '00u1', iso(hours(1)), iso(hours(9)), 'user.session.end', 480, false, false]]);
    });

    it('call more than eight hours long, to the millisecond', async () => {
      const late = { ...end('102a', 9), publishedMs: hours(9) + 1 };
      expect((await sessions([start('102a', 1), late]))[0]?.[6]).toBe(true);
    });

    it('end by endedSessionId, and by a clear of the user but of nobody else', async () => {
      expect(
        await sessions([
          start('102a', 1),
          end('102x', 2, '102a'),
          start('102b', 1, '00u2'),
          clear('00u2', 4),
          start('102c', 1, '00u3'),
          clear('00u9', 4),
        ]),
      ).toEqual([
        ['102a', '00u1', iso(hours(1)), iso(hours(2)), 'user.session.end', 60, false, false],
        ['102b', '00u2', iso(hours(1)), iso(hours(4)), 'user.session.clear', 180, false, false],
        ['102c', '00u3', iso(hours(1)), null, null, null, false, true],
      ]);
    });

    it('have a row for each time that an id was closed, and one for what is open since', async () => {
      const rows = await sessions([
        start('102a', 1),
        end('102a', 2),
        start('102a', 4),
        start('102a', 5),
        end('102a', 13),
        end('102a', 14),
        start('102a', 20),
      ]);
      expect(rows.map((row) => [row[2], row[3], row[6], row[7]])).toEqual([
        [iso(hours(1)), iso(hours(2)), false, false],
        [iso(hours(4)), iso(hours(13)), true, false],
        [iso(hours(20)), null, false, true],
      ]);
    });

    it('do not pair across more than seven days', async () => {
      const rows = await sessions([
        start('102a', 0),
        end('102a', 7 * 24 + 1),
        start('102b', 0),
        start('102b', 2),
        end('102b', 7 * 24 + 1),
      ]);
      expect(rows.map((row) => [row[0], row[2], row[7]])).toEqual([
        ['102a', iso(hours(0)), true],
        ['102b', iso(hours(2)), false],
      ]);
    });

    it('ignore ids that are null, empty, unknown or transient', async () => {
      expect(await sessions([start(null, 1), start('', 1), start('Unknown', 1), start('trs1', 1)])).toEqual([]);
    });
  });

  describe('policy_rules and open_exceptions', () => {
    const topic = 'okta.policy-snapshots';
    const rule = (id: string, changes: Record<string, unknown> = {}) => ({
      id,
      name: `Rule ${id}`,
      status: 'ACTIVE',
      access: 'ALLOW',
      verificationMethod: { type: 'ASSURANCE', factorMode: '1FA' },
      ...changes,
    });
    const policy = (id: string, offset: number, hour: number, rules: readonly unknown[], status = 'ACTIVE') =>
      toRecord(topic, `acme/policy/${id}`, offset, {
        kind: 'policy',
        id,
        name: `Policy ${id}`,
        status,
        resourceType: 'APP',
        rules,
        observedAt: iso(hours(hour)),
      });

    beforeAll(async () => {
      await database.empty();
      const sweep = { kind: 'sweep', sweep: 'policies', state: 'ok', wanted: 3, read: 3, next: null };
      await write(topic, [
        policy('swept-away', 0, 0, [rule('gone')]),
        policy('p1', 1, 2, [rule('one-factor'), rule('removed'), rule('was-weak', { name: 'Older name' })]),
        policy('p1', 2, 3, [
          rule('one-factor'),
          rule('no-method', { verificationMethod: null }),
          rule('was-weak', { verificationMethod: { type: 'ASSURANCE', factorMode: '2FA' } }),
          rule('inactive', { status: 'INACTIVE' }),
          rule('deny', { access: 'DENY' }),
        ]),
        policy('deleted', 3, 2, [rule('d')]),
        policy('deleted', 4, 3, [], 'DELETED'),
        policy('off', 5, 2, [rule('off-rule')], 'INACTIVE'),
        policy('late', 6, 3, [rule('kept')]),
        policy('late', 7, 2, [rule('older')]),
        toRecord(topic, 'acme/sweep/policies', 8, { ...sweep, began: iso(hours(1)), completed: iso(hours(1)) }),
        toRecord(topic, 'acme/sweep/policies', 9, { ...sweep, began: iso(hours(9)), completed: null }),
      ]);
    });

    it('say of every rule ever seen whether it is in the newest version of its policy', async () => {
      const rows = await database.rows(
        'SELECT policy_id, rule_id, present FROM policy_rules ORDER BY policy_id, rule_id',
      );
      expect(rows.map((row) => Object.values(row))).toEqual([
        ['deleted', 'd', false],
        ['late', 'kept', true],
        ['late', 'older', false],
        ['off', 'off-rule', true],
        ['p1', 'deny', true],
        ['p1', 'inactive', true],
        ['p1', 'no-method', true],
        ['p1', 'one-factor', true],
        ['p1', 'removed', false],
        ['p1', 'was-weak', true],
        ['swept-away', 'gone', false],
      ]);
    });

    it('list the exceptions that are open by the draxis rule, with their names', async () => {
      expect(
        await database.rows('SELECT policy_name, rule_name FROM open_exceptions ORDER BY policy_id, rule_id'),
      ).toEqual([
        { policy_name: 'Policy late', rule_name: 'Rule kept' },
        { policy_name: 'Policy off', rule_name: 'Rule off-rule' },
        { policy_name: 'Policy p1', rule_name: 'Rule no-method' },
        { policy_name: 'Policy p1', rule_name: 'Rule one-factor' },
      ]);
    });
  });

  it('users_current joins the newest of each kind, by time of observation and then by offset', async () => {
    await database.empty();
    const topic = 'okta.user-snapshots';
    const user = (offset: number, hour: number, status: string, id = '00u1') =>
      toRecord(topic, `acme/user/${id}`, offset, { kind: 'user', id, status, observedAt: iso(hours(hour)) });
    const factors = (offset: number, factorType: string) =>
      toRecord(topic, 'acme/user/00u1/factors', offset, {
        kind: 'factors',
        id: '00u1',
        factors: [{ factorType, provider: 'OKTA', status: 'ACTIVE' }],
        observedAt: iso(hours(2)),
      });
    await write(topic, [
      user(1, 3, 'SUSPENDED'),
      user(2, 2, 'ACTIVE'),
      factors(3, 'sms'),
      factors(4, 'push'),
      user(5, 1, 'ACTIVE', '00u2'),
      user(6, 4, 'DELETED', '00u3'),
      toRecord(topic, 'acme/sweep/users', 7, {
        kind: 'sweep',
        sweep: 'users',
        began: iso(hours(2)),
        completed: iso(hours(2)),
        state: 'ok',
        wanted: 1,
        read: 1,
        next: null,
      }),
    ]);
    const rows = await database.rows(
      'SELECT user_id, status, factors.factor_type AS factors, present FROM users_current ORDER BY user_id',
    );
    expect(rows.map((row) => Object.values(row))).toEqual([
      ['00u1', 'SUSPENDED', ['push'], true],
      ['00u2', 'ACTIVE', [], false],
      ['00u3', 'DELETED', [], false],
    ]);
  });

  it('top_denied_users counts the denials of the 24 hours up to what the log was last read to', async () => {
    await database.empty();
    const classic = (actorId: string, publishedMs: number): Partial<Facts> => ({
      eventType: 'user.mfa.okta_verify.deny_push',
      actorId,
      publishedMs,
    });
    const engine: Partial<Facts> = {
      eventType: 'user.authentication.auth_via_mfa',
      outcomeResult: 'FAILURE',
      pushOnlyResponseType: 'OV_RESPONSE_DENY',
    };
    await write(systemLog, [progressRecord(systemLog, 99, '2026-03-02T00:00:30.000Z')]);
    await insert([
      classic('00u1', hours(24)),
      classic('00u1', hours(24) + 1),
      classic('00u2', hours(0)),
      classic('00u2', hours(0) + 1),
      { ...engine, actorId: '00u2', publishedMs: hours(20) },
      { ...engine, actorId: '00u2', publishedMs: hours(20), outcomeResult: 'SUCCESS' },
    ]);
    expect(await database.rows('SELECT * FROM top_denied_users')).toEqual([
      { org: 'acme', user_id: '00u2', denials: '2', classic: '1', identity_engine: '1', last_denied: iso(hours(20)) },
      { org: 'acme', user_id: '00u1', denials: '1', classic: '1', identity_engine: '0', last_denied: iso(hours(24)) },
    ]);
  });
});
