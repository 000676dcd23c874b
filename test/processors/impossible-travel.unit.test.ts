import { describe, expect, test } from 'vitest';
import { impossibleTravel } from '../../processors/indicators/impossible-travel.ts';
import { ago, event, noon, type OktaEvent, signIn } from './events.ts';
import { evidenceDigest } from './evidence-digest.ts';
import { given, newestAt, progressAt, readingsOf } from './given.ts';

const positive = '{New Geo-Location=NEGATIVE, New Device=POSITIVE, Velocity=POSITIVE, New City=BAD_REQUEST}';
const negative = '{New Geo-Location=NEGATIVE, New Device=POSITIVE, Velocity=NEGATIVE, New City=BAD_REQUEST}';

const inLogOnly = (result: string, atMs = ago({ hours: 1 })): OktaEvent =>
  event('policy.evaluate_sign_on', atMs, {
    debugData: {
      logOnlySecurityData: JSON.stringify({
        risk: { level: 'LOW' },
        behaviors: { 'New Device': 'POSITIVE', Velocity: result },
      }),
    },
  });

const inContext = (result: string, name = 'Velocity'): OktaEvent =>
  event('user.authentication.verify', ago({ hours: 1 }), {
    userBehaviors: [
      { id: 'b1', name: 'New IP', result: 'POSITIVE' },
      { id: 'b2', name, result },
    ],
  });

describe('impossible travel', () => {
  test('a POSITIVE velocity counts by both definitions', () => {
    given([signIn(ago({ hours: 1 }), positive)]).expect(impossibleTravel, {
      draxis: 1,
      corrected: 1,
      measures: { contains: 1, positive: 1, negative: 0, unknown: 0 },
    });
  });

  test('a NEGATIVE velocity counts by the draxis rule only', () => {
    given([signIn(ago({ hours: 1 }), negative)]).expect(impossibleTravel, {
      draxis: 1,
      corrected: 0,
      measures: { contains: 1, positive: 0, negative: 1, unknown: 0 },
    });
  });

  test.each(['UNKNOWN', 'BAD_REQUEST'])('%s is no anomaly and is measured as unknown', (result) => {
    given([signIn(ago({ hours: 1 }), `{Velocity=${result}, New IP=POSITIVE}`)]).expect(impossibleTravel, {
      draxis: 1,
      corrected: 0,
      measures: { positive: 0, negative: 0, unknown: 1 },
    });
  });

  test('behaviours without velocity count nowhere', () => {
    given([signIn(ago({ hours: 1 }), '{New Device=POSITIVE, New IP=NEGATIVE}')]).expect(impossibleTravel, {
      draxis: 0,
      corrected: 0,
      measures: { contains: 0, positive: 0, negative: 0, unknown: 0 },
    });
  });

  test('the draxis rule asks for the word in any case, even where it is no behaviour of its own', () => {
    given([signIn(ago({ hours: 1 }), '{VELOCITY=NEGATIVE}')]).expect(impossibleTravel, { draxis: 1 });
    given([signIn(ago({ hours: 1 }), '{No velocity here=POSITIVE}')]).expect(impossibleTravel, {
      draxis: 1,
      corrected: 1,
    });
  });

  test('the structured encodings count for the corrected definition, which the draxis rule does not read', () => {
    given([inLogOnly('POSITIVE')]).expect(impossibleTravel, {
      draxis: 0,
      corrected: 1,
      measures: { contains: 0, positive: 1 },
    });
    given([inLogOnly('NEGATIVE')]).expect(impossibleTravel, { draxis: 0, corrected: 0, measures: { negative: 1 } });
    given([inContext('POSITIVE')]).expect(impossibleTravel, {
      draxis: 0,
      corrected: 1,
      measures: { contains: 0, positive: 1 },
    });
    given([inContext('UNKNOWN')]).expect(impossibleTravel, { draxis: 0, corrected: 0, measures: { unknown: 1 } });
  });

  test('POSITIVE in one of the three encodings is positive, whatever the others say', () => {
    const debugData = { logOnlySecurityData: JSON.stringify({ behaviors: { Velocity: 'NEGATIVE' } }) };
    const userBehaviors = [{ name: 'Velocity', result: 'POSITIVE' }];
    given([signIn(ago({ hours: 1 }), negative, { debugData, userBehaviors })]).expect(impossibleTravel, {
      corrected: 1,
      measures: { positive: 1, negative: 0, unknown: 0 },
    });
  });

  test('the copy of a SIEM, where behaviours became an object or a list, reads the same', () => {
    given([signIn(ago({ hours: 1 }), { 'New IP=NEGATIVE': null, 'Velocity=POSITIVE': null })]).expect(
      impossibleTravel,
      {
        draxis: 1,
        corrected: 1,
      },
    );
    given([signIn(ago({ hours: 1 }), { Velocity: 'NEGATIVE' })]).expect(impossibleTravel, { draxis: 1, corrected: 0 });
    given([signIn(ago({ hours: 1 }), ['Velocity=POSITIVE'])]).expect(impossibleTravel, { draxis: 1, corrected: 1 });
  });

  test('the names that count can be set, and then others do not', () => {
    const renamed = signIn(ago({ hours: 1 }), '{Too far=POSITIVE, Velocity=NEGATIVE}');
    given([renamed], { velocityNames: ['too far'] }).expect(impossibleTravel, {
      draxis: 1,
      corrected: 1,
      measures: { negative: 0 },
    });
    given([renamed]).expect(impossibleTravel, { draxis: 1, corrected: 0, measures: { negative: 1 } });
  });

  test('the events of one sign-in count once by the corrected definition', () => {
    const debugData = { authnRequestId: 'request-1' };
    given([
      signIn(ago({ hours: 3 }), positive, { debugData }),
      event('policy.evaluate_sign_on', ago({ hours: 2 }), { debugData: { ...debugData, behaviors: positive } }),
      event('user.authentication.sso', ago({ hours: 1 }), { debugData: { ...debugData, behaviors: negative } }),
    ]).expect(impossibleTravel, { draxis: 3, corrected: 1, measures: { positive: 2, negative: 1 } });
  });

  test.each([null, '', 'unknown', 'UNKNOWN'])(
    'an authnRequestId of %j falls through to the transaction',
    (authnRequestId) => {
      const debugData = { authnRequestId };
      given([
        signIn(ago({ hours: 3 }), positive, { debugData, transaction: 'tx' }),
        signIn(ago({ hours: 2 }), positive, { debugData, transaction: 'tx' }),
        signIn(ago({ hours: 1 }), positive, { debugData, transaction: 'other' }),
      ]).expect(impossibleTravel, { draxis: 3, corrected: 2 });
    },
  );

  test('without request and transaction the session tells sign-ins apart, and without that each event is one', () => {
    given([
      signIn(ago({ hours: 4 }), positive, { transaction: null, session: '102s' }),
      signIn(ago({ hours: 3 }), positive, { transaction: 'unknown', session: '102s' }),
      signIn(ago({ hours: 2 }), positive, { transaction: null, session: null }),
      signIn(ago({ hours: 1 }), positive, { transaction: null, session: 'unknown' }),
    ]).expect(impossibleTravel, { draxis: 4, corrected: 3 });
  });

  test('a transaction that is called like a request or a session is another sign-in', () => {
    given([
      signIn(ago({ hours: 3 }), positive, { debugData: { authnRequestId: 'x' } }),
      signIn(ago({ hours: 2 }), positive, { transaction: 'x' }),
      signIn(ago({ hours: 1 }), positive, { transaction: null, session: 'x' }),
      signIn(ago({ hours: 1 }), positive, { transaction: null, session: null, uuid: 'x' }),
    ]).expect(impossibleTravel, { corrected: 4 });
  });

  test('the window holds t = T and t = T - 24 h + 1 ms, and not t = T - 24 h', () => {
    given([signIn(noon, positive)]).expect(impossibleTravel, { draxis: 1, corrected: 1 });
    given([signIn(ago({ hours: 24, ms: -1 }), positive)]).expect(impossibleTravel, { draxis: 1, corrected: 1 });
    given([signIn(ago({ hours: 24 }), positive)]).expect(impossibleTravel, { draxis: 0, corrected: 0 });
  });

  test('a sign-in counts where at least one of its POSITIVE events is in the window', () => {
    const debugData = { authnRequestId: 'request-1' };
    given([
      signIn(ago({ hours: 25 }), positive, { debugData }),
      signIn(ago({ hours: 1 }), negative, { debugData }),
    ]).expect(impossibleTravel, { draxis: 1, corrected: 0 });
    given([
      signIn(ago({ hours: 25 }), positive, { debugData }),
      signIn(ago({ hours: 1 }), positive, { debugData }),
    ]).expect(impossibleTravel, { draxis: 1, corrected: 1 });
  });

  test('a late event revises the readings that it is in', () => {
    given([progressAt(noon), signIn(ago({ hours: 23 }), positive), progressAt(noon + 60_000)]).expect(
      impossibleTravel,
      {
        draxis: 1,
        corrected: 1,
      },
    );
  });

  describe('an org without Behavior Detection', () => {
    const people = ['user.session.start', 'policy.evaluate_sign_on', 'user.authentication.verify'];

    test.each(people)('is unknown when people signed in (%s) and nothing was evaluated', (type) => {
      given([event(type, ago({ hours: 1 }))]).expect(impossibleTravel, {
        draxis: null,
        corrected: null,
        reason: 'no data',
      });
    });

    test('is 0 when nobody signed in', () => {
      given([event('user.session.end', ago({ hours: 1 }))]).expect(impossibleTravel, { draxis: 0, corrected: 0 });
    });

    test.each([
      ['the map as text', signIn(ago({ days: 6 }), '{New IP=NEGATIVE}')],
      [
        'for logging only',
        event('x.y', ago({ days: 6 }), { debugData: { logOnlySecurityData: '{"behaviors":{"New IP":"NEGATIVE"}}' } }),
      ],
      [
        'in the security context',
        event('x.y', ago({ days: 6 }), { userBehaviors: [{ name: 'New IP', result: 'NEGATIVE' }] }),
      ],
    ])('is known by behaviours of the last 7 days: %s', (_, evaluated) => {
      given([evaluated, signIn(ago({ hours: 1 }))]).expect(impossibleTravel, { draxis: 0, corrected: 0 });
    });

    test.each([
      ['an empty map', signIn(ago({ hours: 1 }), '{}')],
      ['null', signIn(ago({ hours: 1 }), null)],
      [
        'empty behaviours for logging only',
        signIn(ago({ hours: 1 }), undefined, { debugData: { logOnlySecurityData: '{"risk":{},"behaviors":{}}' } }),
      ],
      ['text that is no JSON', signIn(ago({ hours: 1 }), undefined, { debugData: { logOnlySecurityData: '{risk' } })],
      ['an empty list in the security context', signIn(ago({ hours: 1 }), undefined, { userBehaviors: [] })],
      ['no list in the security context', signIn(ago({ hours: 1 }), undefined, { userBehaviors: null })],
    ])('is not known by %s', (_, empty) => {
      given([empty]).expect(impossibleTravel, { draxis: null, reason: 'no data' });
    });

    test('is unknown again 7 days after the last behaviours', () => {
      const seen = (atMs: number) => [signIn(atMs, '{New IP=NEGATIVE}'), signIn(ago({ hours: 1 }))];
      given(seen(ago({ days: 7, ms: -1 }))).expect(impossibleTravel, { draxis: 0 });
      given(seen(ago({ days: 7 }))).expect(impossibleTravel, { draxis: null, reason: 'no data' });
    });

    test('is 0 again 7 days after the last sign-in', () => {
      given([signIn(ago({ days: 7, ms: -1 }))]).expect(impossibleTravel, { draxis: null });
      given([signIn(ago({ days: 7 }))]).expect(impossibleTravel, { draxis: 0 });
    });
  });

  test('the digest is of each event with its class: in the draxis numerator, the corrected one, both or none', () => {
    const digestOf = (step: OktaEvent) =>
      newestAt(readingsOf([step, progressAt(noon)]), impossibleTravel.slug, noon)?.digest;
    const atMs = ago({ hours: 1 });
    expect(digestOf(signIn(atMs, positive, { uuid: 'one' }))).toBe(evidenceDigest(`${atMs}|one|1010`));
    expect(digestOf(signIn(atMs, negative, { uuid: 'one' }))).toBe(evidenceDigest(`${atMs}|one|1000`));
    expect(digestOf({ ...inLogOnly('POSITIVE', atMs), uuid: 'one' })).toBe(evidenceDigest(`${atMs}|one|0010`));
    expect(digestOf({ ...inLogOnly('NEGATIVE', atMs), uuid: 'one' })).toBe(evidenceDigest(`${atMs}|one|0000`));
    expect(digestOf(signIn(atMs, '{New IP=POSITIVE}'))).toBe(evidenceDigest());
  });
});
