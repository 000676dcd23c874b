import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { AppError } from '../../runtime/errors.ts';
import { registerSchemas } from '../../runtime/registry/register-schemas.ts';
import { toSchemaText } from '../../runtime/registry/registered-schema.ts';
import { Secret } from '../../runtime/secret.ts';
import { defineTopic, type Topic } from '../../schemas/topic.ts';
import { createEagerClock, type EagerClock } from '../ingest/eager-clock.ts';
import { type ScriptedRegistry, startScriptedRegistry } from './registry-scripted.ts';

const defineOf = (name: string, value: z.ZodType): Topic =>
  defineTopic({ name, version: 1, key: 'ORG', description: name, value, retention: { cleanup: 'delete', days: 1 } });

const cats = defineOf('pets.cats', z.looseObject({ name: z.string(), lives: z.int() }));
const dogs = defineOf('pets.dogs', z.looseObject({ name: z.string() }));
const catsWithoutLives = defineOf('pets.cats', z.looseObject({ name: z.string() }));
const dogsWithAge = defineOf('pets.dogs', z.looseObject({ name: z.string(), age: z.int().optional() }));
const catsSubject = 'test.pets.cats-value';
const dogsSubject = 'test.pets.dogs-value';

let registry: ScriptedRegistry;
let directory: string;
let clock: EagerClock;
let stopping: AbortController;
let lines: { level: string; line: string }[];

beforeEach(async () => {
  registry = await startScriptedRegistry();
  directory = mkdtempSync(join(tmpdir(), 'kriver-registry-test-'));
  clock = createEagerClock();
  stopping = new AbortController();
  lines = [];
});

afterEach(async () => {
  await registry.close();
  rmSync(directory, { recursive: true, force: true });
});

const keep = (level: string) => (fields: unknown, text?: string) => {
  lines.push({ level, line: `${inspect(fields, { depth: 10 })} ${text}` });
};

const register = (more: Partial<Parameters<typeof registerSchemas>[0]> = {}) =>
  registerSchemas({
    settings: { url: registry.url },
    topics: [cats, dogs],
    topicPrefix: 'test.',
    logger: { info: keep('info'), warn: keep('warn') },
    clock,
    signal: stopping.signal,
    ...more,
  });

const failure = async (promise: Promise<unknown>): Promise<AppError> => {
  const error = await promise.then(
    () => new Error('it did not fail'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof AppError) return error;
  throw error;
};

const registrations = () => registry.asked.filter(({ path }) => path.endsWith('/versions')).map(({ path }) => path);
const warnings = () => lines.filter(({ level }) => level === 'warn').map(({ line }) => line);

describe('the first start', () => {
  test('sets FORWARD on each subject before it registers the schema, and gives the ids by plain topic name', async () => {
    const ids = await register();
    expect([...ids]).toEqual([
      ['pets.cats', 1],
      ['pets.dogs', 2],
    ]);
    expect(registry.versions(catsSubject)).toEqual([toSchemaText(cats)]);
    expect(registry.rules).toEqual(
      new Map([
        [catsSubject, 'FORWARD'],
        [dogsSubject, 'FORWARD'],
      ]),
    );
    const writes = registry.asked.filter(({ method, path }) => method === 'PUT' || path.endsWith('/versions'));
    expect(writes.map(({ method }) => method)).toEqual(['PUT', 'PUT', 'POST', 'POST']);
  });

  test('sets FORWARD where the registry answers NONE for a subject without a rule', async () => {
    registry.interfere = ({ method, path }) =>
      method === 'GET' && path.startsWith('/config/') && !registry.rules.has(decodeURIComponent(path.slice(8)))
        ? { status: 200, body: { compatibilityLevel: 'NONE' } }
        : undefined;
    expect((await register()).size).toBe(2);
    expect(registry.rules.get(catsSubject)).toBe('FORWARD');
  });

  test('leaves the stricter rule of an operator', async () => {
    registry.interfere = ({ method, path }) =>
      method === 'GET' && path.startsWith('/config/')
        ? { status: 200, body: { compatibilityLevel: 'FORWARD_TRANSITIVE' } }
        : undefined;
    expect((await register()).size).toBe(2);
    expect(registry.asked.filter(({ method }) => method === 'PUT')).toEqual([]);
  });

  test('tries again when another process is at the same subject', async () => {
    let conflicts = 0;
    registry.interfere = ({ path }) =>
      path.endsWith('/versions') && ++conflicts <= 2
        ? { status: 409, body: { error_code: 409, message: 'in progress' } }
        : undefined;
    expect((await register()).size).toBe(2);
    expect(clock.sleeps).toEqual([1_000, 2_000]);
    expect(warnings()).toEqual([]);
  });

  test('gives up on a conflict that does not end', async () => {
    registry.interfere = ({ path }) =>
      path.endsWith('/versions') ? { status: 409, body: { error_code: 409, message: 'no' } } : undefined;
    expect((await failure(register())).code).toBe('schema-incompatible');
    expect(registrations()).toHaveLength(6);
  });
});

describe('a later start', () => {
  test('with the same schemas gives the same ids and writes nothing', async () => {
    const first = await register();
    const before = registry.asked.length;
    expect(await register()).toEqual(first);
    expect(registry.asked.slice(before).map(({ method, path }) => `${method} ${path}`)).toEqual([
      `POST /subjects/${catsSubject}`,
      `POST /subjects/${dogsSubject}`,
    ]);
  });

  test('of an older release beside a newer one gives the older id', async () => {
    const older = await register();
    const newer = await register({ topics: [cats, dogsWithAge] });
    expect(newer.get('pets.dogs')).not.toBe(older.get('pets.dogs'));
    expect(await register()).toEqual(older);
  });

  test('with a breaking change says what changed and registers nothing, not even what may follow', async () => {
    await register();
    const before = registrations().length;
    registry.isCompatible = (_, after) => after !== toSchemaText(catsWithoutLives);
    const error = await failure(register({ topics: [dogsWithAge, catsWithoutLives] }));
    expect(error.code).toBe('schema-incompatible');
    expect(error.message).toContain(`${catsSubject}: lives, which is required, is gone.`);
    expect(error.hint).toContain(`delete the subject ${catsSubject}`);
    expect(registrations()).toHaveLength(before);
    expect(registry.versions(dogsSubject)).toEqual([toSchemaText(dogs)]);
  });
});

describe('a registry that is away', () => {
  const away = { status: 503, body: { error_code: 50301, message: 'starting' } };

  test('is waited for ever longer, up to half a minute, each time with a warning', async () => {
    let requests = 0;
    registry.interfere = () => (++requests <= 7 ? away : undefined);
    expect((await register()).size).toBe(2);
    expect(clock.sleeps).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    expect(warnings()).toHaveLength(7);
    expect(warnings()[0]).toContain('HTTP 503, starting.');
  });

  test('is waited for until the signal aborts, whose reason is thrown', async () => {
    await registry.close();
    const reason = new Error('stopping');
    const stopsLater = {
      now: clock.now,
      sleep: async (durationMs: number, signal?: AbortSignal) => {
        await clock.sleep(durationMs, signal);
        if (clock.sleeps.length === 3) stopping.abort(reason);
      },
    };
    await expect(register({ clock: stopsLater })).rejects.toBe(reason);
    expect(warnings()[0]).toMatch(/ECONNREFUSED.*Waiting for it/);
  });

  // Well before a request gives up by itself.
  test.each([
    ['the library', '/subjects/'],
    ['us', '/config/'],
  ])('does not keep a request of %s open when the signal aborts', { timeout: 5_000 }, async (_, start) => {
    const reason = new Error('stopping');
    registry.interfere = ({ path }) => {
      if (!path.startsWith(start)) return undefined;
      stopping.abort(reason);
      return 'silence';
    };
    await expect(register()).rejects.toBe(reason);
    expect(clock.sleeps).toEqual([]);
  });

  test('is not needed when all ids are known from an earlier start', async () => {
    const cacheFile = join(directory, 'schema-ids.json');
    const first = await register({ cacheFile });
    expect(readdirSync(directory)).toEqual(['schema-ids.json']);
    registry.interfere = () => away;
    expect(await register({ cacheFile })).toEqual(first);
    expect(clock.sleeps).toEqual([]);
    expect(warnings().join()).toContain('The schema ids of an earlier start are used.');
  });

  test.each([
    ['the schemas', { topics: [cats, dogsWithAge] }],
    ['the prefix', { topicPrefix: 'other.' }],
  ])('is waited for when %s are not those of the earlier start', async (_, more) => {
    const cacheFile = join(directory, 'schema-ids.json');
    await register({ cacheFile });
    let requests = 0;
    registry.interfere = () => (++requests <= 1 ? away : undefined);
    expect((await register({ cacheFile, ...more })).size).toBe(2);
    expect(clock.sleeps).toEqual([1_000]);
  });

  test('is waited for when the ids are those of another registry', async () => {
    const cacheFile = join(directory, 'schema-ids.json');
    await register({ cacheFile });
    await registry.close();
    registry = await startScriptedRegistry();
    registry.put('of someone else', '{}');
    let requests = 0;
    registry.interfere = () => (++requests <= 1 ? away : undefined);
    expect((await register({ cacheFile })).get('pets.cats')).toBe(2);
    expect(clock.sleeps).toEqual([1_000]);
  });

  test('is asked again when the file of ids is damaged, which is then replaced', async () => {
    const cacheFile = join(directory, 'schema-ids.json');
    writeFileSync(cacheFile, '{"half');
    await register({ cacheFile });
    expect(Object.values(JSON.parse(readFileSync(cacheFile, 'utf8')))).toEqual([1, 2]);
  });

  test('is needed at the next start when the ids cannot be kept, which is said', async () => {
    const cacheFile = join(directory, 'missing', 'schema-ids.json');
    expect((await register({ cacheFile })).size).toBe(2);
    expect(existsSync(cacheFile)).toBe(false);
    expect(warnings().join()).toContain('the next start needs the schema registry');
  });
});

describe('a registry that refuses', () => {
  const secret = 'correct horse';
  const basic = `Basic ${Buffer.from(`kriver:${secret}`).toString('base64')}`;
  const settings = () => ({ url: registry.url, user: 'kriver', password: new Secret(secret) });

  test('gets user and password with every request', async () => {
    await register({ settings: settings() });
    expect(new Set(registry.asked.map(({ authorization }) => authorization))).toEqual(new Set([basic]));
    expect(new Set(registry.asked.map(({ method }) => method))).toEqual(new Set(['GET', 'PUT', 'POST']));
  });

  test.each([401, 403])('the user with %i ends the start, whatever ids are known', async (status) => {
    const cacheFile = join(directory, 'schema-ids.json');
    await register({ cacheFile });
    registry.interfere = () => ({ status, body: { error_code: status, message: 'no' } });
    const error = await failure(register({ cacheFile }));
    expect(error.code).toBe('bus-unauthorised');
    expect(error.hint).toContain('bus.registry.user');
  });

  test('to tell the rule, ends the start', async () => {
    registry.interfere = ({ method, path }) =>
      method === 'GET' && path.startsWith('/config/') ? { status: 403, body: { message: 'no' } } : undefined;
    expect((await failure(register())).code).toBe('bus-unauthorised');
    expect(registry.asked.filter(({ method }) => method === 'PUT')).toEqual([]);
  });

  test('to set the rule, ends the start', async () => {
    registry.interfere = ({ method }) => (method === 'PUT' ? { status: 403, body: { message: 'no' } } : undefined);
    expect((await failure(register())).code).toBe('bus-unauthorised');
    expect(registrations()).toEqual([]);
  });

  test('the schema itself, is not asked again', async () => {
    registry.interfere = ({ path }) =>
      path.endsWith('/versions') ? { status: 422, body: { error_code: 42201, message: 'Invalid schema' } } : undefined;
    const error = await failure(register());
    expect(error.code).toBe('schema-incompatible');
    expect(error.message).toContain('HTTP 422, Invalid schema.');
    expect(clock.sleeps).toEqual([]);
  });

  test.each([
    ['the library', (path: string) => path.startsWith('/subjects/')],
    ['us', (path: string) => path.startsWith('/config/')],
  ])('and repeats what it was sent by %s, does not bring the password into errors or logs', async (_, echoes) => {
    let requests = 0;
    registry.interfere = ({ path, authorization }) =>
      echoes(path)
        ? { status: ++requests === 1 ? 500 : 403, body: { message: `${authorization} of ${secret} is refused` } }
        : undefined;
    const error = await failure(register({ settings: settings() }));
    const seen = `${inspect(error, { depth: 10, showHidden: true })} ${lines.map(({ line }) => line).join()}`;
    expect(seen).toContain('Basic *** of *** is refused');
    expect(seen).not.toContain(secret);
    expect(seen).not.toContain(basic.slice(6));
  });

  test('because it is none, is a matter of the configuration', async () => {
    registry.interfere = () => ({ status: 404, body: 'not here' });
    const error = await failure(register());
    expect(error.code).toBe('configuration-invalid');
    expect(error.hint).toContain('/apis/ccompat/v7');
    registry.interfere = () => ({ status: 200, body: '<html>' });
    expect((await failure(register())).code).toBe('configuration-invalid');
  });

  test('a password in its address is not tried', async () => {
    const url = registry.url.replace('//', `//kriver:${encodeURIComponent(secret)}@`);
    const error = await failure(register({ settings: { url } }));
    expect(error.code).toBe('configuration-invalid');
    expect(inspect(error, { depth: 10 })).not.toContain('horse');
    expect(registry.asked).toEqual([]);
  });
});
