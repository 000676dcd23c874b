import { PassThrough } from 'node:stream';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../../runtime/clock.ts';
import { AppError } from '../../../runtime/errors.ts';
import { Secret } from '../../../runtime/secret.ts';
import { createDraxisClient, type DraxisClient } from '../../../sinks/draxis/client.ts';
import { type DraxisEndpoint, say, startDraxisEndpoint, token } from './draxis-endpoint.ts';

const push = { slug: 'okta_mfa_adoption_pct', value: 97.3, asOf: '2026-03-01T10:00:00.000Z', note: 'a note' };

/** Waits take no time and are noted. */
const createNotingClock = (startMs = Date.parse('2026-03-01T10:05:00Z')) => {
  const waits: number[] = [];
  let now = startMs;
  const clock: Clock = {
    now: () => now,
    sleep: async (durationMs) => {
      waits.push(durationMs);
      now += durationMs;
    },
  };
  const advance = (durationMs: number): void => {
    now += durationMs;
  };
  return { clock, waits, advance };
};

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

const setUp = async (
  endpointOptions: Parameters<typeof startDraxisEndpoint>[0] = {},
  clientOptions: Partial<Parameters<typeof createDraxisClient>[0]> = {},
) => {
  const endpoint: DraxisEndpoint = await startDraxisEndpoint(endpointOptions);
  const timing = createNotingClock();
  const output = new PassThrough();
  const client: DraxisClient = createDraxisClient({
    url: endpoint.url,
    token: new Secret(token),
    clock: timing.clock,
    logger: pino({ level: 'trace' }, output),
    allowLoopback: true,
    ...clientOptions,
  });
  open.push(endpoint, client);
  return { endpoint, client, ...timing, logged: () => String(output.read() ?? '') };
};

const failureOf = async (promise: Promise<unknown>): Promise<AppError> => {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof AppError) return error;
  throw new Error(`expected an AppError, got ${String(error)}`);
};

const schemaOf = (properties: Record<string, unknown>, required: string[] = []) => ({
  inputSchema: { type: 'object', properties, required },
});
const [string, number] = [{ type: 'string' }, { type: 'number' }];

describe('the arguments of push_kri_value', () => {
  it('are filled under the names of the tool: our own', async () => {
    const { client, endpoint } = await setUp();
    expect(await client.push(push)).toEqual({ outcome: 'accepted', text: 'recorded' });
    expect(endpoint.calls).toEqual([{ slug: push.slug, value: 97.3, timestamp: push.asOf, note: 'a note' }]);
    expect(endpoint.counts).toEqual({ initialize: 1, get: 0 });
  });

  it('are filled under synonyms, in any spelling, typed as the schema says', async () => {
    const properties = { kriSlug: string, kri_value: string, recordedAt: { type: 'integer' }, Comment: string };
    const { client, endpoint } = await setUp(schemaOf(properties, ['kriSlug', 'kri_value', 'recordedAt']));
    await client.push(push);
    expect(endpoint.calls).toEqual([
      { kriSlug: push.slug, kri_value: '97.3', recordedAt: Date.parse(push.asOf), Comment: 'a note' },
    ]);
  });

  it('carry the time in seconds where the schema speaks of seconds', async () => {
    const as_of = { type: ['integer', 'null'], description: 'Unix time in seconds' };
    const { client, endpoint } = await setUp(schemaOf({ kri: string, value: number, as_of }));
    await client.push(push);
    expect(endpoint.calls).toEqual([{ kri: push.slug, value: 97.3, as_of: Date.parse(push.asOf) / 1_000 }]);
  });

  it('are filled under the names and constants that the configuration gives', async () => {
    const { client, endpoint } = await setUp(
      schemaOf({ slug: string, metric: string, reading: number, unit: string }, ['metric', 'reading', 'unit']),
      { argumentNames: { slug: 'metric', value: 'reading' }, fixedArguments: { unit: 'none' } },
    );
    await client.push(push);
    expect(endpoint.calls).toEqual([{ metric: push.slug, reading: 97.3, unit: 'none' }]);
  });

  it('that are required and cannot be filled are named with the key that maps them', async () => {
    const { client } = await setUp(schemaOf({ slug: string, value: number, source_ref: string }, ['source_ref']));
    const error = await failureOf(client.connect());
    expect(error.code).toBe('draxis-incompatible');
    expect(error.message).toContain('"source_ref"');
    expect(error.hint).toContain('draxis.argument_names');
  });

  it('must have a place for the value', async () => {
    const { client } = await setUp(schemaOf({ slug: string, amount: number }));
    const error = await failureOf(client.connect());
    expect(error.code).toBe('draxis-incompatible');
    expect(error.hint).toBe('Set draxis.argument_names.value to one of: slug, amount.');
  });

  it('of a configured name that the tool does not have are refused', async () => {
    const { client } = await setUp({}, { argumentNames: { value: 'amount' } });
    const error = await failureOf(client.connect());
    expect(error.code).toBe('draxis-incompatible');
    expect(error.message).toContain('draxis.argument_names.value');
  });
});

describe('what Draxis says', () => {
  it.each([
    ['KRI okta_mfa_adoption_pct is not wired in this tenant', 'unknown-slug'],
    ['unknown_slug: okta_mfa_adoption_pct', 'unknown-slug'],
    ['No KRI with slug okta_mfa_adoption_pct', 'unknown-slug'],
    ['scope mismatch: this token is restricted to another source', 'refused'],
    ['value out of range for KRI okta_mfa_adoption_pct', 'refused'],
    ['unknown error', 'refused'],
  ])('%s', async (text, outcome) => {
    const { client } = await setUp({ answer: () => say(text, true) });
    expect(await client.push(push)).toEqual({ outcome, text });
  });

  it('is an unknown slug when it wrote no row and skipped one', async () => {
    const { client } = await setUp({ answer: () => say('{"rowsWritten":0,"rowsSkipped":1}') });
    expect((await client.push(push)).outcome).toBe('unknown-slug');
  });

  it('is shown without control characters, bounded, and without the token', async () => {
    const { client } = await setUp({
      answer: () => say(`no\n\u001b[31m ${'x'.repeat(250)} ${token} ${'y'.repeat(400)}`, true),
    });
    const { text } = await client.push(push);
    expect(text).toMatch(/^no \[31m x+ \*\*\* y+…$/);
    expect(text.length).toBe(300);
  });

  it('by a 4xx is a refusal of that KRI', async () => {
    const { client, endpoint } = await setUp();
    endpoint.faults.push({ status: 422, body: 'value must be a number' });
    expect(await client.push(push)).toEqual({ outcome: 'refused', text: 'HTTP 422 value must be a number' });
  });
});

describe('faults', () => {
  it('of a token that is not taken end with a hint, and never show the token', async () => {
    const wrong = 'drx_pat_acme.an0ther-part';
    const { client, logged } = await setUp({}, { token: new Secret(wrong) });
    const error = await failureOf(client.push(push));
    expect(error.code).toBe('draxis-unauthorised');
    expect(error.hint).toContain('access token');
    expect(`${error.message} ${error.hint} ${JSON.stringify(error)} ${error.stack} ${logged()}`).not.toContain(
      'an0ther',
    );
  });

  it('that pass are tried again: 500, then ok', async () => {
    const { client, endpoint, waits } = await setUp();
    endpoint.faults.push({ status: 500 });
    expect((await client.push(push)).outcome).toBe('accepted');
    expect(waits).toEqual([1_000]);
    expect(endpoint.calls).toHaveLength(1);
  });

  it('are tried three times and no more', async () => {
    const { client, endpoint, waits } = await setUp();
    endpoint.faults.push({ status: 503 }, { status: 502 }, { status: 500 });
    expect((await failureOf(client.push(push))).code).toBe('draxis-unreachable');
    expect(waits).toEqual([1_000, 2_000]);
    expect(endpoint.faults).toEqual([]);
  });

  it('are waited for as long as Retry-After says', async () => {
    const { client, endpoint, waits } = await setUp();
    const date = new Date(Date.parse('2026-03-01T10:05:00Z') + 9_000).toUTCString();
    endpoint.faults.push({ status: 429, headers: { 'retry-after': '7' } });
    expect((await client.push(push)).outcome).toBe('accepted');
    endpoint.faults.push({ status: 503, headers: { 'retry-after': date } });
    await client.push(push);
    expect(waits).toEqual([7_000, 2_000]);
  });

  it('with a long Retry-After let the caller go on, and Draxis is not asked before', async () => {
    const { client, endpoint, waits, advance } = await setUp();
    endpoint.faults.push({ status: 429, headers: { 'retry-after': '600' } });
    expect((await failureOf(client.push(push))).code).toBe('draxis-unreachable');
    expect((await failureOf(client.push(push))).message).toBe('Draxis asked to wait.');
    expect([waits, endpoint.calls]).toEqual([[], []]);
    advance(600_000);
    expect((await client.push(push)).outcome).toBe('accepted');
  });

  it('with a Retry-After of years let Draxis be asked again in an hour', async () => {
    const { client, endpoint, advance } = await setUp();
    endpoint.faults.push({ status: 503, headers: { 'retry-after': '99999999' } });
    await failureOf(client.push(push));
    advance(3_600_000);
    expect((await client.push(push)).outcome).toBe('accepted');
  });

  it('of a lost session end in a new session with the same value', async () => {
    const { client, endpoint, waits } = await setUp();
    await client.push(push);
    endpoint.forgetSessions();
    expect((await client.push({ ...push, value: 12 })).outcome).toBe('accepted');
    expect(endpoint.counts.initialize).toBe(2);
    expect(endpoint.calls.map(({ value }) => value)).toEqual([97.3, 12]);
    expect(waits).toEqual([]);
  });

  it('of a server that does not answer end in time, and the value goes out again', async () => {
    const { client, endpoint } = await setUp({}, { timeoutMs: 300 });
    await client.connect();
    endpoint.faults.push('silence');
    expect((await client.push(push)).outcome).toBe('accepted');
    expect(endpoint.calls).toHaveLength(1);
    await endpoint.abandoned;
  });

  it('of the network are named', async () => {
    const { client, endpoint } = await setUp();
    await endpoint.close();
    open.shift();
    const error = await failureOf(client.push(push));
    expect(error.code).toBe('draxis-unreachable');
    expect(error.message).toContain('ECONNREFUSED');
  });

  it('of a wrong address or a foreign token are told from those that pass', async () => {
    const { client, waits } = await setUp({ tool: 'list_kris' });
    expect((await failureOf(client.connect())).code).toBe('draxis-incompatible');
    expect(waits).toEqual([]);
  });
});

describe('an endpoint', () => {
  const create = (url: string, allowLoopback: boolean, secret = token) =>
    createDraxisClient({
      url,
      allowLoopback,
      token: new Secret(secret),
      clock: createNotingClock().clock,
      logger: pino({ level: 'silent' }),
    });

  it.each([
    ['http://127.0.0.1:1/api/mcp', false],
    ['http://draxis.example.com/api/mcp', true],
    ['https://user:pass@draxis.example.com/api/mcp', true],
    ['ftp://draxis.example.com', true],
    ['draxis', true],
  ])('%s is refused (loopback allowed: %s)', (url, allowLoopback) => {
    expect(() => create(url, allowLoopback)).toThrow(AppError);
  });

  it('may be https anywhere', () => {
    expect(() => create('https://draxis.example.com/api/mcp', false)).not.toThrow();
  });

  it('is not asked with a token that is no header, and the token is not shown', () => {
    expect(() => create('https://draxis.example.com', false, 'drx_pat_acme.s3cr3t\n')).toThrow(/^(?!.*s3cr3t)/);
  });
});
