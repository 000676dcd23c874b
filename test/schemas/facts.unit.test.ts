import { describe, expect, test } from 'vitest';
import { type Facts, factsSchema, toFacts } from '../../schemas/facts.ts';

/** Every field that facts are made of, with a value of its own. */
const full = {
  uuid: 'uuid-1',
  published: '2026-03-10T12:00:00.123Z',
  eventType: 'user.session.start',
  severity: 'INFO',
  version: '0',
  displayMessage: 'not kept',
  actor: { id: '00uada', type: 'User', alternateId: 'ada@example.org', displayName: 'Ada' },
  client: { ipAddress: '192.0.2.1', geographicalContext: { country: 'Austria', city: 'Graz' } },
  outcome: { result: 'SUCCESS', reason: 'because' },
  authenticationContext: { externalSessionId: '102a', rootSessionId: '102root' },
  securityContext: {
    userBehaviors: [
      { id: 'b1', name: 'Velocity', result: 'POSITIVE' },
      { id: 'b2', name: 'New IP', result: null },
      { id: 'b3', result: 'POSITIVE' },
      null,
      'text',
    ],
  },
  debugContext: {
    debugData: {
      behaviors: '{Velocity=POSITIVE}',
      logOnlySecurityData: '{"behaviors":{}}',
      authnRequestId: 'request',
      endedSessionId: '102b',
      factor: 'OKTA_VERIFY_PUSH',
      pushOnlyResponseType: 'OV_RESPONSE_DENY',
    },
  },
  transaction: { id: 'tx', type: 'WEB', detail: { requestApiTokenId: '00T' } },
  target: [
    { id: '00ubob', type: 'User', alternateId: 'bob@example.org' },
    { id: '0oa', type: null },
    { type: 'User' },
    null,
  ],
};

const facts: Facts = {
  uuid: 'uuid-1',
  publishedMs: Date.parse('2026-03-10T12:00:00.123Z'),
  eventType: 'user.session.start',
  severity: 'INFO',
  outcomeResult: 'SUCCESS',
  outcomeReason: 'because',
  actorId: '00uada',
  actorType: 'User',
  country: 'Austria',
  transactionId: 'tx',
  transactionType: 'WEB',
  apiTokenId: '00T',
  externalSessionId: '102a',
  rootSessionId: '102root',
  authnRequestId: 'request',
  endedSessionId: '102b',
  factor: 'OKTA_VERIFY_PUSH',
  pushOnlyResponseType: 'OV_RESPONSE_DENY',
  behaviors: '{Velocity=POSITIVE}',
  logOnlySecurityData: '{"behaviors":{}}',
  userBehaviors: [
    ['Velocity', 'POSITIVE'],
    ['New IP', 'UNKNOWN'],
  ],
  targets: [
    ['User', '00ubob'],
    ['', '0oa'],
  ],
};

const bare = { uuid: 'uuid-1', published: '2026-03-10T12:00:00.123Z', eventType: 'user.session.start' };

const factsOf = (event: unknown): Facts => {
  const outcome = toFacts(event);
  if (!outcome.ok) throw new Error(outcome.reason);
  return outcome.facts;
};
const behaviorsOf = (behaviors: unknown) => factsOf({ ...bare, debugContext: { debugData: { behaviors } } }).behaviors;

describe('the facts of an event', () => {
  test('are each read from its own place', () => {
    expect(toFacts(full)).toEqual({ ok: true, facts });
    expect(factsSchema.parse(facts)).toEqual(facts);
  });

  test('hold no name, no e-mail address and no IP address', () => {
    const text = JSON.stringify(factsOf(full));
    for (const personal of ['Ada', '@example.org', '192.0.2.1', 'Graz', 'not kept'])
      expect(text).not.toContain(personal);
  });

  const none: Facts = {
    ...(Object.fromEntries(Object.keys(facts).map((field) => [field, null])) as unknown as Facts),
    ...{ uuid: 'uuid-1', publishedMs: facts.publishedMs, eventType: 'user.session.start', targets: [] },
  };

  test('are null where Okta omits a property', () => {
    expect(factsOf(bare)).toEqual(none);
  });

  const subObjects = [
    'actor',
    'client',
    'outcome',
    'authenticationContext',
    'securityContext',
    'debugContext',
    'transaction',
    'target',
  ];

  test.each([null, 7, 'text', [], {}, true])('are null where Okta sends %j for a whole sub-object', (value) => {
    expect(factsOf({ ...bare, severity: 7, ...Object.fromEntries(subObjects.map((key) => [key, value])) })).toEqual(
      none,
    );
  });

  test('are null where a property is of another type', () => {
    expect(factsOf({ ...bare, actor: { id: 7, type: {} }, outcome: { result: ['SUCCESS'], reason: 0 } })).toEqual(none);
    expect(factsOf({ ...bare, client: { geographicalContext: { country: 7 } } })).toEqual(none);
  });

  test('take behaviours that a SIEM made an object or a list of as the text that Okta sends', () => {
    expect(behaviorsOf({ 'New IP': 'NEGATIVE', Velocity: 'POSITIVE' })).toBe('{New IP=NEGATIVE, Velocity=POSITIVE}');
    expect(behaviorsOf({ 'Velocity=NEGATIVE': null })).toBe('{Velocity=NEGATIVE}');
    expect(behaviorsOf(['New IP=NEGATIVE', 7, 'Velocity=POSITIVE'])).toBe('{New IP=NEGATIVE, Velocity=POSITIVE}');
    expect(behaviorsOf({})).toBe('{}');
    expect(behaviorsOf(null)).toBeNull();
    expect(behaviorsOf(7)).toBeNull();
  });

  test('are cut where an event is made to fill the memory', () => {
    const long = 'x'.repeat(10_000);
    const many = Array.from({ length: 60 }, (_, index) => ({
      type: 'User',
      id: `u${index}`,
      name: `b${index}`,
      result: 'NEGATIVE',
    }));
    const cut = factsOf({
      ...bare,
      actor: { id: long },
      target: many,
      securityContext: { userBehaviors: many },
    });
    expect(cut.actorId).toHaveLength(8_192);
    expect(cut.targets).toHaveLength(50);
    expect(cut.userBehaviors).toHaveLength(50);
    expect(behaviorsOf(Object.fromEntries(many.map(({ id }) => [id, 'NEGATIVE'])))?.split(', ')).toHaveLength(50);
    expect(behaviorsOf({ [long]: 'NEGATIVE' })).toHaveLength(8_192);
    expect(factsOf({ ...bare, actor: { id: 'x'.repeat(8_192) } }).actorId).toHaveLength(8_192);
  });

  test('of an event with keys that nobody expects are the same', () => {
    const hostile = JSON.parse(`{"__proto__":{"uuid":"other"},"constructor":null,${JSON.stringify(full).slice(1)}`);
    expect(factsOf(hostile)).toEqual(facts);
  });
});

describe('an event has no facts', () => {
  test.each<[string, unknown, string]>([
    ['null', null, 'JSON object'],
    ['a list', [bare], 'JSON object'],
    ['a text', 'event', 'JSON object'],
    ['no uuid', { ...bare, uuid: undefined }, 'uuid'],
    ['an empty uuid', { ...bare, uuid: '' }, 'uuid'],
    ['a uuid that is a number', { ...bare, uuid: 7 }, 'uuid'],
    ['a uuid of more than 128 characters', { ...bare, uuid: 'x'.repeat(129) }, 'uuid'],
    ['no published', { ...bare, published: undefined }, 'published'],
    ['a published that is no real date', { ...bare, published: '2026-09-31T00:00:00.000Z' }, 'published'],
    ['no eventType', { ...bare, eventType: null }, 'eventType'],
    ['an empty eventType', { ...bare, eventType: '' }, 'eventType'],
  ])('when it is or has %s, and the reason says what is wrong', (_, value, field) => {
    const outcome = toFacts(value);
    expect(outcome.ok).toBe(false);
    expect(outcome.ok ? '' : outcome.reason).toContain(field);
  });

  test('but a uuid of 128 characters is one', () => {
    expect(toFacts({ ...bare, uuid: 'x'.repeat(128) }).ok).toBe(true);
  });
});
