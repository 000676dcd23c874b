import { randomUUID } from 'node:crypto';
import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { request } from 'undici';
import { beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { fromFrame, toFrame } from '../../runtime/bus/kafka/wire-format.ts';
import { systemClock } from '../../runtime/clock.ts';
import { registerSchemas } from '../../runtime/registry/register-schemas.ts';
import { toSchemaText } from '../../runtime/registry/registered-schema.ts';
import { logEventSchema } from '../../schemas/okta/log-event.ts';
import { progressSchema } from '../../schemas/progress.ts';
import { readingSchema, scoreSchema } from '../../schemas/reading.ts';
import type { Topic } from '../../schemas/topic.ts';
import { readingsTopic, runsTopic, systemLogTopic, topics } from '../../schemas/topics.ts';
import { orSkip, sharedRegistry } from '../engines/shared.ts';

const registry = await sharedRegistry();

const timestamp = '2026-11-24T12:00:00.000Z';

const progress = {
  kind: 'progress',
  asOf: timestamp,
  spans: [{ from: '2026-11-23T12:00:00.000Z', to: timestamp }],
  state: 'ok',
  engine: 'idx',
  scopes: [],
  deadLettered: [],
};

const score = { value: 2, numerator: 2, denominator: null, status: 'ok', coverage: 1 };

const reading = {
  org: 'acme',
  slug: 'okta_failed_mfa_push_24h',
  asOf: timestamp,
  draxis: score,
  corrected: { ...score, status: 'partial', reason: 'coverage', coverage: 0.97 },
  measures: { classic: 2, identity_engine: null },
  version: '42',
  digest: '0'.repeat(32),
};

const event = {
  uuid: '5a1d9a3e-0000-4000-8000-000000000001',
  published: timestamp,
  eventType: 'user.session.start',
  actor: { id: '00u1', type: 'User' },
  aFieldThatOktaAddsLater: { with: ['anything'] },
};

let prefix: string;
let url: string;
beforeEach(({ skip }) => {
  url = orSkip(registry, skip).url;
  prefix = `evolution.${randomUUID()}.`;
});

const register = (some: readonly Topic[] = topics) =>
  registerSchemas({
    settings: { url },
    topics: some,
    topicPrefix: prefix,
    logger: { info: () => {}, warn: () => {} },
    clock: systemClock,
    signal: new AbortController().signal,
  });

const ask = async (path: string): Promise<Record<string, unknown>> => {
  const response = await request(`${url}${path}`);
  return (await response.body.json()) as Record<string, unknown>;
};

const versionsOf = async (topic: Topic) => await ask(`/subjects/${prefix}${topic.name}-value/versions`);

/** As any consumer does: the id from the frame, the schema by its id. */
const validatorOf = async (framed: Buffer): Promise<ValidateFunction> => {
  const { schema } = await ask(`/schemas/ids/${framed.readUInt32BE(1)}`);
  const ajv = new Ajv({ strictTypes: false });
  addFormats.default(ajv);
  return ajv.compile(JSON.parse(String(schema)) as Record<string, unknown>);
};

const withValue = (topic: Topic, value: z.ZodType): Topic => ({ ...topic, value });
const readings = (value: z.ZodType) => withValue(readingsTopic, z.union([progressSchema, value]));

describe('the schemas in a real registry', () => {
  test('are those of all topics, each once, with the rule FORWARD', async () => {
    const ids = await register();
    expect([...ids.keys()]).toEqual(topics.map(({ name }) => name));
    for (const topic of topics) {
      expect(await versionsOf(topic)).toEqual([1]);
      expect(await ask(`/config/${prefix}${topic.name}-value`)).toEqual({ compatibilityLevel: 'FORWARD' });
      expect((await ask(`/schemas/ids/${ids.get(topic.name)}`))['schema']).toBe(toSchemaText(topic));
    }
  });

  test('keep their ids and versions when they are registered again', async () => {
    const first = await register();
    expect(await register()).toEqual(first);
    for (const topic of topics) expect(await versionsOf(topic)).toEqual([1]);
  });

  test('are registered once by several processes that start at the same time', async () => {
    const all = await Promise.all(Array.from({ length: 6 }, () => register()));
    for (const ids of all) expect(ids).toEqual(all[0]);
    for (const topic of topics) expect(await versionsOf(topic)).toEqual([1]);
  });

  test.each<[string, Topic]>([
    ['a reading', readings(readingSchema.extend({ later: z.string().optional() }))],
    ['what is within a reading', readings(readingSchema.extend({ draxis: scoreSchema.extend({ later: z.int() }) }))],
    [
      'an event',
      withValue(systemLogTopic, z.union([progressSchema, logEventSchema.extend({ later: z.string().optional() })])),
    ],
    [
      'progress',
      withValue(readingsTopic, z.union([progressSchema.extend({ later: z.string().optional() }), readingSchema])),
    ],
    ['a run', withValue(runsTopic, (runsTopic.value as z.ZodObject).extend({ later: z.string() }))],
  ])('may have a new field in %s: a new version, and the older one keeps its id', async (_, changed) => {
    const before = await register();
    const after = await register([changed]);
    expect(after.get(changed.name)).not.toBe(before.get(changed.name));
    expect(await versionsOf(changed)).toEqual([1, 2]);
    expect(await register()).toEqual(before);
    expect(await versionsOf(changed)).toEqual([1, 2]);
  });

  test.each<[string, Topic, string]>([
    ['a removed field', readings(readingSchema.omit({ org: true })), 'record.org, which is required, is gone'],
    [
      'a field that may be missing',
      readings(readingSchema.partial({ digest: true })),
      'record.digest is no longer required',
    ],
    [
      'another type',
      readings(readingSchema.extend({ version: z.int() })),
      'type of record.version was "string" and is "integer"',
    ],
    [
      'another type deep within',
      withValue(
        readingsTopic,
        z.union([
          progressSchema.extend({ spans: z.array(z.object({ from: z.int(), to: z.string() })) }),
          readingSchema,
        ]),
      ),
      'type of progress.spans[].from was "string" and is "integer"',
    ],
    [
      'a value more in a closed list',
      readings(readingSchema.extend({ slug: z.enum([...readingSchema.shape.slug.options, 'okta_new']) })),
      'record.slug may also be "okta_new"',
    ],
    [
      'another type of an event',
      withValue(systemLogTopic, z.union([progressSchema, logEventSchema.extend({ uuid: z.int() })])),
      'type of record.uuid was "string" and is "integer"',
    ],
    [
      'a removed field of a run',
      withValue(runsTopic, (runsTopic.value as z.ZodObject).omit({ started: true })),
      'started, which is required, is gone',
    ],
  ])('may not have %s, and then none is registered', async (_, changed, what) => {
    const other = withValue(runsTopic, (runsTopic.value as z.ZodObject).extend({ later: z.string() }));
    const allowed = changed.name === runsTopic.name ? [] : [other];
    await register();
    await expect(register([...allowed, changed])).rejects.toMatchObject({
      code: 'schema-incompatible',
      message: expect.stringContaining(what) as string,
    });
    for (const topic of topics) expect(await versionsOf(topic)).toEqual([1]);
  });

  test.each<[string, Topic, object, object]>([
    ['a reading', readingsTopic, reading, { ...reading, org: 1 }],
    ['an event', systemLogTopic, event, { ...event, uuid: '' }],
    ['progress', systemLogTopic, progress, { ...progress, kind: 'other' }],
  ])('tell by the id in the frame what %s is, and what is none', async (_, topic, good, bad) => {
    const id = (await register()).get(topic.name) ?? 0;
    const framed = toFrame(id, Buffer.from(JSON.stringify(good)));
    const validate = await validatorOf(framed);
    expect(validate(JSON.parse(String(fromFrame(framed))))).toBe(true);
    expect(validate(bad)).toBe(false);
  });
});
