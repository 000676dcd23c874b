import { describe, expect, it } from 'vitest';
import { createClickHouseSinks } from '../../../sinks/clickhouse/sinks.ts';
import type { SinkRecord } from '../../../sinks/sink.ts';
import {
  eventRecord,
  exampleEvent,
  exampleReading,
  progressRecord,
  readingRecord,
  systemLog,
  toRecord,
} from './example-records.ts';
import { chdbAvailable, useDatabase } from './test-database.ts';

const at = '2026-03-01T12:00:00.123Z';

describe.skipIf(!chdbAvailable)('the ClickHouse sinks', () => {
  const database = useDatabase();

  const write = async (...records: SinkRecord[]): Promise<void> => {
    const topic = records[0]?.topic;
    const found = createClickHouseSinks(database.client).find((candidate) => candidate.topic === topic);
    await found?.sink.write(records);
  };

  it('store an event with the facts of its header and its bytes verbatim', async () => {
    await database.empty();
    const value = Buffer.from(`{ "uuid":"u1", "published":"${at}",\n "eventType":"user.session.start", "x":"é" }`);
    const { headers } = eventRecord(7, exampleEvent('u1', at, { actor: { id: 'from the header', type: 'User' } }));
    await write(toRecord(systemLog, 'acme', 7, value, headers));
    expect(await database.rows('SELECT org, uuid, published, actor_id, raw, version FROM events')).toEqual([
      { org: 'acme', uuid: 'u1', published: at, actor_id: 'from the header', raw: value.toString(), version: '7' },
    ]);
  });

  it('parse an event whose header is missing or of another version', async () => {
    await database.empty();
    await write(
      toRecord(systemLog, 'acme', 1, exampleEvent('u1', at)),
      toRecord(systemLog, 'acme', 2, exampleEvent('u2', at), { facts: '[0,"other"]' }),
    );
    expect(await database.rows('SELECT uuid, actor_id FROM events ORDER BY uuid')).toEqual([
      { uuid: 'u1', actor_id: '00u1' },
      { uuid: 'u2', actor_id: '00u1' },
    ]);
  });

  it.each([
    ['is not JSON', Buffer.from('{')],
    ['has no uuid', Buffer.from(`{"published":"${at}","eventType":"x"}`)],
    ['is dated where no table reaches', exampleEvent('u1', '9999-01-01T00:00:00.000Z')],
  ])('refuse an event that %s, before anything of the batch is stored', async (_, value) => {
    await database.empty();
    const batch = [eventRecord(1, exampleEvent('good', at)), toRecord(systemLog, 'acme', 2, value)];
    await expect(write(...batch)).rejects.toMatchObject({ code: 'data-invalid' });
    expect(await database.rows('SELECT count() AS events FROM events')).toEqual([{ events: '0' }]);
  });

  it.each([systemLog, 'okta.user-snapshots', 'okta.policy-snapshots', 'kri.readings'])(
    'store the progress of %s without its cursors',
    async (topic) => {
      await database.empty();
      await write(progressRecord(topic, 3, at));
      expect(await database.rows('SELECT * FROM progress')).toEqual([
        {
          org: 'acme',
          topic,
          as_of: at,
          spans: [{ from: '2026-02-27T12:00:00.000Z', to: at }],
          state: 'ok',
          engine: 'idx',
          scopes: ['okta.logs.read'],
          dead_lettered: ['2026-03-01T11:00:00.000Z'],
          version: '3',
        },
      ]);
    },
  );

  it('store a user, its factors and its app links as rows of their kind', async () => {
    await database.empty();
    const topic = 'okta.user-snapshots';
    await write(
      toRecord(topic, 'acme/user/00u1', 1, {
        kind: 'user',
        id: '00u1',
        status: 'ACTIVE',
        name: 'ann@example.com',
        lastUpdated: '2026-01-01T00:00:00.000Z',
        observedAt: at,
      }),
      toRecord(topic, 'acme/user/00u1/factors', 2, {
        kind: 'factors',
        id: '00u1',
        factors: [{ factorType: 'webauthn', provider: 'FIDO', status: 'ACTIVE', id: 'f1' }],
        observedAt: at,
      }),
      toRecord(topic, 'acme/user/00u1/applinks', 3, {
        kind: 'applinks',
        id: '00u1',
        apps: [{ appInstanceId: '0oa1', label: 'Päyroll' }, { appInstanceId: '0oa2' }],
        links: 3,
        observedAt: at,
      }),
    );
    const row = { org: 'acme', user_id: '00u1', observed_at: at, status: null, name: null, last_updated: null };
    const lists = { factors: [], apps: [], links: null };
    expect(await database.rows('SELECT * FROM user_snapshots ORDER BY version')).toEqual([
      {
        ...row,
        ...lists,
        kind: 'user',
        status: 'ACTIVE',
        name: 'ann@example.com',
        last_updated: '2026-01-01T00:00:00.000Z',
        version: '1',
      },
      {
        ...row,
        ...lists,
        kind: 'factors',
        factors: [{ id: 'f1', factor_type: 'webauthn', provider: 'FIDO', status: 'ACTIVE' }],
        version: '2',
      },
      {
        ...row,
        ...lists,
        kind: 'applinks',
        apps: [
          { app_instance_id: '0oa1', label: 'Päyroll' },
          { app_instance_id: '0oa2', label: '' },
        ],
        links: 3,
        version: '3',
      },
    ]);
  });

  it('store a sweep while it runs and when it is complete', async () => {
    await database.empty();
    const sweep = {
      kind: 'sweep',
      sweep: 'policies',
      began: at,
      completed: null,
      state: 'ok',
      wanted: null,
      read: 1,
      next: 'x',
    };
    await write(
      toRecord('okta.policy-snapshots', 'acme/sweep/policies', 1, sweep),
      toRecord('okta.policy-snapshots', 'acme/sweep/policies', 2, { ...sweep, completed: at, wanted: 2, read: 2 }),
    );
    const row = { org: 'acme', sweep: 'policies', began: at, state: 'ok', topic: 'okta.policy-snapshots' };
    expect(await database.rows('SELECT * FROM sweeps ORDER BY version')).toEqual([
      { ...row, completed: null, wanted: null, read: '1', version: '1' },
      { ...row, completed: at, wanted: '2', read: '2', version: '2' },
    ]);
  });

  it('store a policy with all its rules, and verification methods as JSON', async () => {
    await database.empty();
    const method = { type: 'ASSURANCE', factorMode: '1FA', constraints: [] };
    await write(
      toRecord('okta.policy-snapshots', 'acme/policy/p1', 4, {
        kind: 'policy',
        id: 'p1',
        name: 'Any two',
        status: 'ACTIVE',
        resourceType: null,
        rules: [
          {
            id: 'r1',
            name: 'One',
            status: 'ACTIVE',
            system: true,
            priority: 1,
            access: 'ALLOW',
            verificationMethod: method,
          },
          { id: 'r2', status: 'INACTIVE', access: null, verificationMethod: null },
        ],
        observedAt: at,
      }),
    );
    const [policy] = await database.rows('SELECT * FROM policy_snapshots');
    expect(policy).toMatchObject({
      policy_id: 'p1',
      name: 'Any two',
      status: 'ACTIVE',
      resource_type: null,
      version: '4',
    });
    expect(policy?.rules).toEqual([
      {
        id: 'r1',
        name: 'One',
        status: 'ACTIVE',
        system: true,
        priority: 1,
        access: 'ALLOW',
        factor_mode: '1FA',
        verification_type: 'ASSURANCE',
        verification_method: JSON.stringify(method),
      },
      {
        id: 'r2',
        name: '',
        status: 'INACTIVE',
        system: false,
        priority: null,
        access: null,
        factor_mode: null,
        verification_type: null,
        verification_method: null,
      },
    ]);
  });

  it('store a reading by both definitions; of one minute the highest version holds', async () => {
    await database.empty();
    const epoch1 = (1n << 48n) + 1n;
    await write(readingRecord(1, exampleReading({ version: epoch1.toString() })));
    await write(readingRecord(2, exampleReading({ version: '9000', digest: 'older' })));
    await write(readingRecord(1, exampleReading({ version: epoch1.toString() })));
    expect(await database.rows('SELECT * FROM readings FINAL')).toEqual([
      {
        org: 'acme',
        slug: 'okta_mfa_adoption_pct',
        as_of: '2026-03-01T12:00:00Z',
        draxis_value: 66.7,
        draxis_numerator: '2',
        draxis_denominator: '3',
        draxis_status: 'ok',
        draxis_reason: null,
        draxis_coverage: 1,
        corrected_value: null,
        corrected_numerator: null,
        corrected_denominator: null,
        corrected_status: 'unknown',
        corrected_reason: 'coverage',
        corrected_coverage: 0.5,
        measures: { active: 3, sampled: null },
        version: epoch1.toString(),
        digest: '00112233445566778899aabbccddeeff',
      },
    ]);
  });

  it('store a run; what it became replaces what it was', async () => {
    await database.empty();
    const run = {
      id: 'run1',
      org: 'acme',
      trigger: 'once',
      started: at,
      ended: null,
      rowsWritten: 0,
      rowsSkipped: 0,
      fetched: {},
      error: null,
    };
    await write(toRecord('kriver.runs', 'acme/run1', 1, run));
    await write(
      toRecord('kriver.runs', 'acme/run1', 2, {
        ...run,
        ended: at,
        rowsWritten: 6,
        rowsSkipped: 1,
        fetched: { events: 9 },
      }),
    );
    expect(await database.rows('SELECT * FROM runs FINAL')).toEqual([
      {
        org: 'acme',
        started: at,
        id: 'run1',
        trigger: 'once',
        ended: at,
        rows_written: '6',
        rows_skipped: '1',
        fetched: { events: '9' },
        error: null,
        version: '2',
      },
    ]);
  });

  it('store a dead letter once, however often the same bytes come', async () => {
    await database.empty();
    const letter = {
      id: 'ab'.repeat(32),
      org: 'acme',
      origin: systemLog,
      reason: 'uuid: missing',
      at,
      minute: '2026-03-01T12:01:00.000Z',
      bytes: 'e30=',
      truncated: false,
    };
    await write(toRecord('kriver.dead-letters', systemLog, 1, letter));
    await write(toRecord('kriver.dead-letters', systemLog, 2, letter));
    expect(await database.rows('SELECT * FROM dead_letters FINAL')).toEqual([{ ...letter, version: '2' }]);
  });

  it('name the field of a record that is not what its topic carries', async () => {
    const record = readingRecord(1, exampleReading());
    const bad = { ...record, value: Buffer.from(JSON.stringify({ ...exampleReading(), digest: 7 })) };
    await expect(write(bad)).rejects.toMatchObject({
      code: 'data-invalid',
      message: expect.stringContaining('digest'),
    });
  });
});
