import { describe, expect, it } from 'vitest';
import type { EvidenceItem } from '../../processors/explain/evidence.ts';
import { type Explanation, explainReading } from '../../processors/explain/explain-reading.ts';
import type { OutgoingRecord } from '../../runtime/bus/bus.ts';
import type { Definition, Reading } from '../../schemas/reading.ts';
import type { Slug } from '../../schemas/slugs.ts';
import { dayMs, hourMs, minuteMs, toTimestamp } from '../../schemas/time.ts';
import { policySnapshotsTopic, systemLogTopic, userSnapshotsTopic } from '../../schemas/topics.ts';
import {
  adminAccess,
  ago,
  clearSessions,
  denyPush,
  denyPushInIdentityEngine,
  event,
  noon,
  signIn,
  signOut,
} from './events.ts';
import { settings } from './given.ts';
import {
  appLinksRecord,
  createProcessedBus,
  eventRecord,
  factorsRecord,
  type ProcessedBus,
  policyRecord,
  progressRecord,
  sweepRecord,
  userRecord,
} from './topic-records.ts';

const wholeLog = { spans: [{ from: toTimestamp(noon - 9 * dayMs), to: toTimestamp(noon) }] };
/** Of a log that is read from a day before on, so that noon is the first reading, and from nine days before. */
const logProgress = (atMs = noon) => progressRecord(systemLogTopic.name, atMs);
const wholeLogProgress = (atMs = noon) => progressRecord(systemLogTopic.name, atMs, wholeLog);

const readingAt = async ({ readings }: ProcessedBus, slug: Slug, atMs = noon): Promise<Reading> => {
  const reading = (await readings()).findLast((one) => one.slug === slug && one.asOf === toTimestamp(atMs));
  if (reading === undefined) throw new Error(`There is no reading of ${slug}.`);
  return reading;
};

const explain = (processed: ProcessedBus, reading: Reading, definition: Definition = 'draxis'): Promise<Explanation> =>
  explainReading({ bus: processed.bus, settings, reading, definition });

/** What a reading counts by a definition: its numerator, or of a percentage the people that it lacks. */
const figureOf = (reading: Reading, definition: Definition): number => {
  const { numerator, denominator } = reading[definition];
  return denominator === null ? (numerator ?? -1) : denominator - (numerator ?? 0);
};

/** Folds the records, explains the reading of noon, and holds it to add up to what the reading counted. */
const explained = async <Item extends EvidenceItem>(slug: Slug, ...records: readonly OutgoingRecord[]) => {
  const processed = createProcessedBus();
  await processed.process(...records);
  const reading = await readingAt(processed, slug);
  const explanation = await explain(processed, reading);
  expect(explanation.counted).toEqual({
    draxis: figureOf(reading, 'draxis'),
    corrected: figureOf(reading, 'corrected'),
  });
  expect(explanation.matches).toBe(true);
  return { processed, reading, explanation, items: explanation.items as readonly Item[] };
};

describe('why impossible travel', () => {
  const positive = '{New Device=NEGATIVE, Velocity=POSITIVE}';
  const negative = '{Velocity=NEGATIVE}';

  it('lists sign-ins, with all their events, and those that only list the behaviour last', async () => {
    const far = { debugData: { authnRequestId: 'request-1' }, actor: '00ufar' };
    const { items } = await explained(
      'okta_impossible_travel_24h',
      eventRecord(signIn(ago({ hours: 1 }), negative, { debugData: { authnRequestId: 'request-2' } })),
      eventRecord(signIn(ago({ hours: 5 }), positive, { ...far, uuid: 'far-1' })),
      eventRecord(
        event('user.authentication.sso', ago({ hours: 4 }), {
          ...far,
          uuid: 'far-2',
          debugData: { behaviors: positive, authnRequestId: 'request-1' },
        }),
      ),
      logProgress(),
    );
    expect(items).toHaveLength(2);
    expect(items[0]).toMatchObject({
      kind: 'sign-in',
      user: '00ufar',
      name: 'ada@example.org',
      result: 'positive',
      uuids: ['far-1', 'far-2'],
      times: [toTimestamp(ago({ hours: 5 })), toTimestamp(ago({ hours: 4 }))],
      counts: { draxis: 2, corrected: 1 },
    });
    expect(items[1]).toMatchObject({ result: 'negative', draxis: true, corrected: false });
  });

  it('gives the worst result of the events of a sign-in', async () => {
    const parts = { debugData: { authnRequestId: 'request-1' } };
    const { items } = await explained(
      'okta_impossible_travel_24h',
      eventRecord(signIn(ago({ hours: 3 }), 'velocity', parts)),
      eventRecord(signIn(ago({ hours: 2 }), positive, parts)),
      eventRecord(signIn(ago({ hours: 1 }), negative, parts)),
      logProgress(),
    );
    expect(items).toEqual([expect.objectContaining({ result: 'positive', counts: { draxis: 3, corrected: 1 } })]);
  });

  it('tells where the events came from', async () => {
    const there = signIn(ago({ hours: 1 }), positive);
    const geographicalContext = { country: 'Norway' };
    const { items } = await explained(
      'okta_impossible_travel_24h',
      eventRecord({ ...there, client: { ...there.client, geographicalContext } } as never),
      logProgress(),
    );
    expect(items[0]).toMatchObject({ countries: ['Norway'] });
  });

  it('leaves out what is older than the window or newer than T', async () => {
    const { items } = await explained(
      'okta_impossible_travel_24h',
      eventRecord(signIn(noon - dayMs, positive, { uuid: 'old' })),
      eventRecord(signIn(noon - dayMs + 1, positive, { uuid: 'first' })),
      eventRecord(signIn(noon, positive, { uuid: 'last' })),
      eventRecord(signIn(noon + 1, positive, { uuid: 'new' })),
      logProgress(),
    );
    expect(items.flatMap((item) => ('uuids' in item ? item.uuids : []))).toEqual(['last', 'first']);
  });
});

describe('why denied pushes', () => {
  it('lists the people with how often they denied, by both ways of logging it', async () => {
    const user = (id: string) => ({ target: [{ type: 'User', id }] });
    const { items } = await explained(
      'okta_failed_mfa_push_24h',
      eventRecord(denyPush(ago({ hours: 3 }), user('00umia'))),
      eventRecord(denyPush(ago({ hours: 2 }), user('00umia'))),
      eventRecord(denyPushInIdentityEngine(ago({ hours: 1 }), user('00uleo'))),
      eventRecord(denyPush(ago({ hours: 4 }), { actor: null, target: null })),
      logProgress(),
    );
    expect(items.map((item) => ('user' in item ? [item.user, item.counts] : []))).toEqual([
      ['00umia', { draxis: 2, corrected: 2 }],
      [null, { draxis: 1, corrected: 1 }],
      ['00uleo', { draxis: 0, corrected: 1 }],
    ]);
    expect(items[0]).toMatchObject({ count: 2, name: 'someone', at: toTimestamp(ago({ hours: 2 })) });
  });

  it('explains the reading as it was made: events that came later are not in it', async () => {
    const slug = 'okta_failed_mfa_push_24h';
    const { processed, reading } = await explained(slug, eventRecord(denyPush(ago({ hours: 3 }))), logProgress());
    await processed.process(eventRecord(denyPush(ago({ hours: 2 }))), logProgress(noon + minuteMs));
    expect((await explain(processed, reading)).counted.draxis).toBe(1);
    const revised = await readingAt(processed, slug);
    expect(revised.version).not.toBe(reading.version);
    expect((await explain(processed, revised)).counted.draxis).toBe(2);
  });

  it('says so when the evidence is not what the reading was made of', async () => {
    const slug = 'okta_failed_mfa_push_24h';
    const { processed, reading } = await explained(slug, eventRecord(denyPush(ago({ hours: 3 }))), logProgress());
    expect(await explain(processed, { ...reading, digest: '0'.repeat(32) })).toMatchObject({ matches: false });
  });
});

describe('why admin session outliers', () => {
  it('lists sessions once, with start, end, hours and how they ended', async () => {
    const { items } = await explained(
      'okta_admin_session_outliers_24h',
      eventRecord(adminAccess(ago({ hours: 12 }), '102-both', { actor: '00uadmin', uuid: 'in' })),
      eventRecord(signOut(ago({ hours: 3 }), '102-both', { uuid: 'out' })),
      eventRecord(adminAccess(ago({ days: 4 }), '102-long', { actor: '00ulong' })),
      eventRecord(clearSessions(ago({ hours: 1 }), '00ulong')),
      eventRecord(adminAccess(ago({ hours: 6 }), '102-short')),
      eventRecord(signOut(ago({ hours: 2 }), '102-short')),
      logProgress(),
    );
    expect(items).toHaveLength(2);
    expect(items[0]).toMatchObject({
      kind: 'session',
      session: '102-both',
      user: '00uadmin',
      name: 'ada@example.org',
      start: toTimestamp(ago({ hours: 12 })),
      end: toTimestamp(ago({ hours: 3 })),
      hours: 9,
      ended: 'end',
      uuids: ['in', 'out'],
      counts: { draxis: 1, corrected: 1 },
    });
    expect(items[1]).toMatchObject({ session: '102-long', hours: 95, ended: 'clear', draxis: false, corrected: true });
  });

  it('names the other session that ended one', async () => {
    const { items } = await explained(
      'okta_admin_session_outliers_24h',
      eventRecord(adminAccess(ago({ hours: 12 }), '102-a')),
      eventRecord(signOut(ago({ hours: 1 }), '102-other', { debugData: { endedSessionId: '102-a' } })),
      logProgress(),
    );
    expect(items[0]).toMatchObject({ session: '102-a', ended: 'ended', hours: 11 });
  });

  it('finds a start that was read nine days before the reading, wherever a window can reach', async () => {
    const processed = createProcessedBus();
    processed.clock.advance(-8 * dayMs);
    await processed.process(
      eventRecord(adminAccess(ago({ days: 7, hours: 20 }), '102-a')),
      wholeLogProgress(ago({ days: 7, hours: 20 })),
    );
    processed.clock.advance(8 * dayMs);
    await processed.process(eventRecord(signOut(ago({ days: 1, minutes: -1 }), '102-a')), wholeLogProgress());
    const reading = await readingAt(processed, 'okta_admin_session_outliers_24h');
    expect(reading.corrected.numerator).toBe(1);
    expect(await explain(processed, reading)).toMatchObject({ counted: { corrected: 1 }, matches: true });
  });
});

const swept = [sweepRecord('users', 5), sweepRecord('factors', 4), sweepRecord('applinks', 2)];
const usersProgress = (atMs = noon) => progressRecord(userSnapshotsTopic.name, atMs);
const people = [
  userRecord('00u1', 'ACTIVE', 'one@example.org'),
  factorsRecord('00u1', ['password'], ['question']),
  userRecord('00u2', 'ACTIVE', 'two@example.org'),
  factorsRecord('00u2', ['email']),
  userRecord('00u3', 'ACTIVE'),
  factorsRecord('00u3', ['token:software:totp']),
  userRecord('00u4', 'ACTIVE'),
  factorsRecord('00u4', ['webauthn', 'INACTIVE'], ['push']),
];

describe('why posture', () => {
  it('of adoption lists the people who are not enrolled', async () => {
    const { items } = await explained('okta_mfa_adoption_pct', ...people, ...swept, usersProgress());
    expect(items.map((item) => ('user' in item ? [item.user, item.draxis, item.corrected] : []))).toEqual([
      ['00u1', true, true],
      ['00u2', false, true],
    ]);
    expect(items[0]).toMatchObject({ kind: 'person', name: 'one@example.org', factors: ['password', 'question'] });
  });

  it('of phishing resistance lists those who are enrolled without', async () => {
    const { items } = await explained('okta_phish_resistant_mfa_pct', ...people, ...swept, usersProgress());
    expect(items.map((item) => ('user' in item ? [item.user, item.draxis, item.corrected] : []))).toEqual([
      ['00u3', true, true],
      ['00u2', true, false],
      ['00u4', false, true],
    ]);
    expect(items[2]).toMatchObject({ factors: ['webauthn (INACTIVE)', 'push'] });
  });

  it('of inactive users lists the suspended ones with the apps that they hold', async () => {
    const { items } = await explained(
      'okta_inactive_users_with_app_access',
      userRecord('00u8', 'SUSPENDED'),
      appLinksRecord('00u8', 'Payroll', 'Mail'),
      userRecord('00u9', 'SUSPENDED'),
      appLinksRecord('00u9'),
      ...swept,
      usersProgress(),
    );
    expect(items).toEqual([
      expect.objectContaining({ user: '00u8', apps: ['Payroll', 'Mail'], draxis: true, corrected: true }),
    ]);
  });

  it('is as of the reading: who enrolled since then is still listed', async () => {
    const { processed, reading } = await explained('okta_mfa_adoption_pct', ...people, ...swept, usersProgress());
    await processed.process(factorsRecord('00u1', ['push']), usersProgress(noon + minuteMs));
    expect((await explain(processed, reading)).counted.draxis).toBe(1);
    const later = await readingAt(processed, 'okta_mfa_adoption_pct', noon + minuteMs);
    expect((await explain(processed, later)).counted.draxis).toBe(0);
  });
});

describe('why policy exceptions', () => {
  const oneFactor = { type: 'ASSURANCE', factorMode: '1FA', constraints: [] };
  const passkey = { ...oneFactor, constraints: [{ possession: { phishingResistant: 'REQUIRED' } }] };
  const chain = {
    type: 'AUTH_METHOD_CHAIN',
    chains: [{ authenticationMethods: [{ key: 'okta_password', method: 'password' }] }],
  };

  it('lists the rules with what they demand, why they count and why not by the other definition', async () => {
    const { items } = await explained(
      'okta_app_policy_exceptions',
      policyRecord('p1', [
        { id: 'nothing' },
        { id: 'one', method: oneFactor },
        { id: 'passkey', method: passkey },
        { id: 'chain', method: chain },
        { id: 'two', method: { factorMode: '2FA' } },
        { id: 'off', status: 'INACTIVE' },
      ]),
      policyRecord('p2', [{ id: 'asleep' }], { status: 'INACTIVE' }),
      policyRecord('p3', [{ id: 'self' }], { resourceType: 'END_USER_ACCOUNT_MANAGEMENT' }),
      sweepRecord('policies', 3),
      progressRecord(policySnapshotsTopic.name, noon, { engine: 'idx' }),
    );
    const rows = items.map((item) =>
      item.kind === 'rule' ? [item.rule.id, item.demands, item.draxis, item.corrected] : [],
    );
    expect(rows).toEqual([
      ['nothing', 'nothing', true, true],
      ['one', 'one factor', true, true],
      ['passkey', 'one strong factor', true, false],
      ['asleep', 'nothing', true, false],
      ['self', 'nothing', true, false],
      ['chain', 'an authentication chain', false, true],
    ]);
    const whyOf = (id: string) => items.find((item) => item.kind === 'rule' && item.rule.id === id);
    expect(whyOf('asleep')).toMatchObject({ why: expect.stringContaining('the policy is not active') });
    expect(whyOf('self')).toMatchObject({ why: expect.stringContaining('account management') });
    expect(whyOf('passkey')).toMatchObject({ why: expect.stringContaining('cannot be phished') });
    expect(whyOf('one')).toMatchObject({ policy: { id: 'p1', name: 'Policy p1' }, rule: { name: 'Rule one' } });
  });

  it('lists what the corrected definition counts first, when that is the one that is shown', async () => {
    const { processed, reading } = await explained(
      'okta_app_policy_exceptions',
      policyRecord('p1', [
        { id: 'chain', method: chain },
        { id: 'passkey', method: passkey },
      ]),
      sweepRecord('policies', 1),
      progressRecord(policySnapshotsTopic.name, noon, { engine: 'idx' }),
    );
    const firstBy = async (definition: Definition) => {
      const [first] = (await explain(processed, reading, definition)).items;
      return first?.kind === 'rule' ? first.rule.id : undefined;
    };
    expect([await firstBy('draxis'), await firstBy('corrected')]).toEqual(['passkey', 'chain']);
  });
});

describe('why anything', () => {
  it('adds up to the numerator at every minute of a day, however late events come', async () => {
    const processed = createProcessedBus();
    const events = Array.from({ length: 60 }, (_, index) => {
      const at = ago({ hours: (index * 7) % 30, minutes: index });
      if (index % 3 === 0) return denyPush(at, { actor: `00u${index % 5}` });
      if (index % 3 === 1) return adminAccess(at - 9 * hourMs, `102-${index}`);
      return signOut(at, `102-${index - 1}`);
    });
    await processed.process(...events.slice(0, 40).map(eventRecord), wholeLogProgress(ago({ minutes: 30 })));
    await processed.process(...events.slice(40).map(eventRecord), wholeLogProgress());
    const readings = (await processed.readings()).filter(({ slug }) => slug !== 'okta_impossible_travel_24h');
    const checked = readings.filter((_, index) => index % 97 === 0);
    expect(checked.length).toBeGreaterThan(20);
    for (const reading of checked) {
      const { counted, matches } = await explain(processed, reading);
      const expected = { draxis: reading.draxis.numerator, corrected: reading.corrected.numerator };
      expect({ slug: reading.slug, asOf: reading.asOf, ...counted, matches }).toEqual({
        slug: reading.slug,
        asOf: reading.asOf,
        ...expected,
        matches: true,
      });
    }
    expect(checked.some(({ corrected }) => (corrected.numerator ?? 0) > 0)).toBe(true);
  });
});
