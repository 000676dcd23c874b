import { describe, expect, it } from 'vitest';
import { encodeEventRows, insertEvents } from '../../../sinks/clickhouse/events.ts';
import { exampleFacts } from './example-records.ts';
import { chdbAvailable, useDatabase } from './test-database.ts';

describe.skipIf(!chdbAvailable)('events in RowBinary', () => {
  const database = useDatabase();
  const insert = (rows: Parameters<typeof encodeEventRows>[0]) => insertEvents(database.client, encodeEventRows(rows));

  it('gives back every fact: nulls, empty and non-empty lists, all of Unicode, milliseconds', async () => {
    await database.empty();
    const raw = Buffer.from([0x7b, 0x22, 0xff, 0x00, 0x0a, 0x27, 0x5c, 0x7d]);
    const full = exampleFacts({
      uuid: 'full',
      outcomeReason: "it's \\ \n\t a \u0000 reason",
      apiTokenId: '',
      rootSessionId: '102r',
      authnRequestId: 'A1',
      endedSessionId: '102e',
      factor: 'SIGNED_NONCE',
      pushOnlyResponseType: 'OV_RESPONSE_DENY',
      behaviors: 'Ж'.repeat(5_000),
      logOnlySecurityData: '{"behaviors":{"😀":"POSITIVE"}}',
      userBehaviors: [
        ['Velocity, étrange', 'POSITIVE'],
        ['', 'UNKNOWN'],
      ],
      targets: [['User', '00u2']],
    });
    const bare = exampleFacts({
      uuid: 'bare',
      publishedMs: 999,
      severity: null,
      outcomeResult: null,
      actorId: null,
      actorType: null,
      country: null,
      transactionId: null,
      transactionType: null,
      externalSessionId: null,
      behaviors: null,
      userBehaviors: [],
    });
    await insert([
      { org: 'acme', facts: full, raw, offset: 2 ** 53 - 1 },
      { org: 'acme', facts: bare, offset: 0 },
    ]);
    const stored = await database.rows('SELECT * EXCEPT raw, hex(raw) AS raw FROM events ORDER BY published DESC');
    expect(stored).toEqual([
      {
        org: 'acme',
        published: '2026-03-01T12:00:00.123Z',
        uuid: 'full',
        event_type: 'user.session.start',
        severity: 'INFO',
        outcome_result: 'SUCCESS',
        outcome_reason: "it's \\ \n\t a \u0000 reason",
        actor_id: '00u1',
        actor_type: 'User',
        country: 'Norway',
        transaction_id: 'T1',
        transaction_type: 'WEB',
        api_token_id: '',
        external_session_id: '102a',
        root_session_id: '102r',
        authn_request_id: 'A1',
        ended_session_id: '102e',
        factor: 'SIGNED_NONCE',
        push_only_response_type: 'OV_RESPONSE_DENY',
        behaviors: 'Ж'.repeat(5_000),
        log_only_security_data: '{"behaviors":{"😀":"POSITIVE"}}',
        has_user_behaviors: true,
        user_behaviors: [
          { name: 'Velocity, étrange', result: 'POSITIVE' },
          { name: '', result: 'UNKNOWN' },
        ],
        targets: [{ type: 'User', id: '00u2' }],
        raw: raw.toString('hex').toUpperCase(),
        version: String(2 ** 53 - 1),
      },
      {
        org: 'acme',
        published: '1970-01-01T00:00:00.999Z',
        uuid: 'bare',
        event_type: 'user.session.start',
        severity: null,
        outcome_result: null,
        outcome_reason: null,
        actor_id: null,
        actor_type: null,
        country: null,
        transaction_id: null,
        transaction_type: null,
        api_token_id: null,
        external_session_id: null,
        root_session_id: null,
        authn_request_id: null,
        ended_session_id: null,
        factor: null,
        push_only_response_type: null,
        behaviors: null,
        log_only_security_data: null,
        has_user_behaviors: true,
        user_behaviors: [],
        targets: [],
        raw: '',
        version: '0',
      },
    ]);
  });

  it('tells an event without a list of behaviours from one with an empty list', async () => {
    await database.empty();
    await insert([{ org: 'acme', facts: exampleFacts({ userBehaviors: null }), offset: 1 }]);
    expect(await database.rows('SELECT has_user_behaviors AS has FROM events')).toEqual([{ has: false }]);
  });

  it('keeps one row of an event that is inserted again, the one of the highest offset', async () => {
    await database.empty();
    for (const [offset, country] of [
      [5, 'Norway'],
      [9, 'Chile'],
      [9, 'Chile'],
      [2, 'Spain'],
    ] as const) {
      await insert([{ org: 'acme', facts: exampleFacts({ country }), offset }]);
    }
    expect(await database.rows('SELECT uuid, country, version FROM events FINAL')).toEqual([
      { uuid: 'event-1', country: 'Chile', version: '9' },
    ]);
  });

  it('holds two events of one uuid apart when they were published at different times', async () => {
    await database.empty();
    await insert([
      { org: 'acme', facts: exampleFacts({ publishedMs: 1_000 }), offset: 1 },
      { org: 'acme', facts: exampleFacts({ publishedMs: 2_000 }), offset: 2 },
    ]);
    expect(await database.rows('SELECT count() AS events FROM events FINAL')).toEqual([{ events: '2' }]);
  });

  it('stores a batch of several megabytes whole', async () => {
    await database.empty();
    const raw = Buffer.alloc(3_000, '{"key":"välue"}');
    const rows = Array.from({ length: 4_000 }, (_, index) => ({
      org: 'acme',
      facts: exampleFacts({ uuid: `event-${index}` }),
      raw,
      offset: index,
    }));
    await insert(rows);
    expect(
      await database.rows(
        'SELECT count() AS events, countIf(sipHash64(raw) = sipHash64({raw:String})) AS whole FROM events FINAL',
        {
          raw: raw.toString(),
        },
      ),
    ).toEqual([{ events: '4000', whole: '4000' }]);
  });

  it('refuses bytes that are no rows as clickhouse-refused', async () => {
    await expect(insertEvents(database.client, Buffer.from('no rows'))).rejects.toMatchObject({
      code: 'clickhouse-refused',
    });
  });

  it('offers the rows again when the table is missing, since that is not their fault', async () => {
    await database.client.command({ query: 'RENAME TABLE events TO events_away' });
    try {
      await expect(insert([{ org: 'acme', facts: exampleFacts(), offset: 1 }])).rejects.toMatchObject({
        code: 'clickhouse-unavailable',
      });
    } finally {
      await database.client.command({ query: 'RENAME TABLE events_away TO events' });
    }
  });
});
