import { COMPATIBILITY, SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import { request } from 'undici';
import type { KafkaSettings } from '../bus/kafka/settings.ts';
import { AppError } from '../errors.ts';
import { toRegistryError } from './registry-error.ts';

export type RegistrySettings = NonNullable<KafkaSettings['registry']>;

/** What Kriver asks of a schema registry. Everything throws `AppError`, or the signal's reason once that aborted. */
export interface RegistryClient {
  /** Where it answers, without a slash at the end. */
  readonly url: string;
  /** The id of exactly this schema within the subject; undefined when the subject does not have it. */
  find(subject: string, schema: string): Promise<number | undefined>;
  /** Sees to it that readers of a version can read what the next one writes; returns the rule of the subject. */
  ensureForward(subject: string): Promise<COMPATIBILITY>;
  /** Whether the subject's rule lets this schema follow the newest one. Writes nothing. */
  accepts(subject: string, schema: string): Promise<boolean>;
  /** The newest schema of the subject; undefined when it has none. */
  latest(subject: string): Promise<string | undefined>;
  /** The id, new or known; undefined when the registry sees a conflict: another process is at the same subject. */
  register(subject: string, schema: string, rule: COMPATIBILITY): Promise<number | undefined>;
}

const clientId = 'kriver';
const timeoutMs = 10_000;
const mediaType = 'application/vnd.schemaregistry.v1+json';

const toUrl = (settings: RegistrySettings): string => {
  const url = new URL(settings.url);
  if (url.username !== '' || url.password !== '') {
    throw new AppError('configuration-invalid', 'bus.registry.url holds a user or a password.', {
      hint: 'Give them as bus.registry.user and its password, which is a secret and is not shown.',
    });
  }
  return url.href.replace(/\/+$/, '');
};

const parse = (text: string): Record<string, unknown> => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
};

/** What the library throws for an answer of the registry. It makes 400 of a connection that failed. */
const statusOf = (error: unknown): number | undefined => {
  const status = (error as { status?: unknown }).status;
  return typeof status === 'number' && status !== 400 ? status : undefined;
};

const toText = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error))
    .replace(`${clientId} - `, '')
    .replace('Error, status 400: ', '');

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '');

/**
 * The library finds and registers schemas. What it lacks is asked directly: it sets a rule only after the registration,
 * and not at all where the registry answers "NONE" for a subject without one; and it neither checks ahead nor fetches texts.
 */
export const createRegistryClient = (settings: RegistrySettings, signal: AbortSignal): RegistryClient => {
  const url = toUrl(settings);
  const password = settings.password?.reveal() ?? '';
  const credentials = Buffer.from(`${settings.user}:${password}`).toString('base64');
  const authorisation = settings.user === undefined ? {} : { authorization: `Basic ${credentials}` };

  /** Answers may repeat what they were sent. */
  const redact = (text: string): string =>
    [credentials, password].reduce((clean, secret) => (secret === '' ? clean : clean.replaceAll(secret, '***')), text);

  const library = new SchemaRegistry(
    {
      host: url,
      clientId,
      retry: { retries: 0 },
      ...(settings.user === undefined ? {} : { auth: { username: settings.user, password } }),
      middlewares: [
        () => ({
          prepareRequest: (next) => next().then((asked) => asked.enhance({ timeout: timeoutMs, signal })),
        }),
      ],
    },
    // It compiles what it registers, and refuses formats that it has no code for. Values are never validated with it.
    { [SchemaType.JSON]: { strict: false, validateFormats: false } },
  );

  const fail = (what: string, status: number | undefined, text: string): AppError =>
    toRegistryError(`The schema registry at ${url} did not ${what}`, status, redact(text));

  const call = async (what: string, method: 'GET' | 'POST' | 'PUT', path: string, body?: Record<string, string>) => {
    try {
      const response = await request(`${url}${path}`, {
        method,
        headers: { accept: `${mediaType}, application/json`, 'content-type': mediaType, ...authorisation },
        body: body === undefined ? null : JSON.stringify(body),
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
        signal,
      });
      return { status: response.statusCode, text: await response.body.text() };
    } catch (error) {
      signal.throwIfAborted();
      throw fail(what, undefined, toText(error));
    }
  };

  const toId = (what: string, id: unknown): number => {
    if (typeof id === 'number' && Number.isSafeInteger(id)) return id;
    throw fail(what, 404, 'it answered without an id');
  };

  const byLibrary = async (what: string, ask: () => Promise<number>, meansNone: (error: unknown) => boolean) => {
    try {
      return toId(what, await ask());
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof AppError) throw error;
      if (meansNone(error)) return undefined;
      // What the library finds wrong by itself, such as a schema that does not compile, will never pass.
      if (nameOf(error).startsWith('ConfluentSchemaRegistry')) throw error;
      throw fail(what, statusOf(error), toText(error));
    }
  };

  const ensureForward: RegistryClient['ensureForward'] = async (subject) => {
    const what = `set the compatibility of ${subject}`;
    const path = `/config/${encodeURIComponent(subject)}`;
    const found = await call(what, 'GET', path);
    const rule = parse(found.text)['compatibilityLevel'];
    if (found.status === 200 && (rule === COMPATIBILITY.FORWARD || rule === COMPATIBILITY.FORWARD_TRANSITIVE))
      return rule;
    if (found.status !== 200 && found.status !== 404) throw fail(what, found.status, found.text);
    const set = await call(what, 'PUT', path, { compatibility: COMPATIBILITY.FORWARD });
    if (set.status !== 200) throw fail(what, set.status, set.text);
    return COMPATIBILITY.FORWARD;
  };

  const accepts: RegistryClient['accepts'] = async (subject, schema) => {
    const what = `compare the schema of ${subject}`;
    const path = `/compatibility/subjects/${encodeURIComponent(subject)}/versions/latest`;
    const { status, text } = await call(what, 'POST', path, { schemaType: 'JSON', schema });
    // Without a version there is nothing to be compatible with: Confluent answers 404, Apicurio "compatible".
    if (status === 404) return true;
    const answer = parse(text)['is_compatible'];
    if (status !== 200 || typeof answer !== 'boolean') throw fail(what, status, text);
    return answer;
  };

  const latest: RegistryClient['latest'] = async (subject) => {
    const what = `give the newest schema of ${subject}`;
    const { status, text } = await call(what, 'GET', `/subjects/${encodeURIComponent(subject)}/versions/latest`);
    if (status === 404) return undefined;
    const { schema } = parse(text);
    if (status !== 200 || typeof schema !== 'string') throw fail(what, status, text);
    return schema;
  };

  return {
    url,
    ensureForward,
    accepts,
    latest,
    find: (subject, schema) =>
      byLibrary(
        `find the schema of ${subject}`,
        () => library.getRegistryIdBySchema(subject, { type: SchemaType.JSON, schema }),
        (error) => nameOf(error) === 'ConfluentSchemaRegistryError',
      ),
    register: (subject, schema, compatibility) =>
      byLibrary(
        `register the schema of ${subject}`,
        async () => (await library.register({ type: SchemaType.JSON, schema }, { subject, compatibility })).id,
        (error) => statusOf(error) === 409 || nameOf(error) === 'ConfluentSchemaRegistryCompatibilityError',
      ),
  };
};
