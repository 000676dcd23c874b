import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: Record<string, string>;
}

/**
 * A schema registry in memory that answers as Confluent's does: 404 for a subject without a rule of its own, 409 for a
 * schema that may not follow. `interfere` may answer in its place or keep silent, `isCompatible` decides what follows what.
 */
export interface ScriptedRegistry {
  readonly url: string;
  readonly asked: readonly Asked[];
  readonly rules: ReadonlyMap<string, string>;
  versions(subject: string): readonly string[];
  put(subject: string, schema: string): number;
  interfere: (asked: Asked) => Answer | 'silence' | undefined;
  isCompatible: (before: string, after: string) => boolean;
  close(): Promise<void>;
}

const error = (status: number, code: number, message: string): Answer => ({
  status,
  body: { error_code: code, message },
});

export const startScriptedRegistry = async (): Promise<ScriptedRegistry> => {
  const asked: Asked[] = [];
  const rules = new Map<string, string>();
  const subjects = new Map<string, string[]>();
  const ids: string[] = [];

  const idOf = (schema: string): number => {
    if (!ids.includes(schema)) ids.push(schema);
    return ids.indexOf(schema) + 1;
  };
  const put = (subject: string, schema: string): number => {
    const versions = subjects.get(subject) ?? [];
    if (!versions.includes(schema)) subjects.set(subject, [...versions, schema]);
    return idOf(schema);
  };

  const follows = (subject: string, schema: string): boolean => {
    const newest = subjects.get(subject)?.at(-1);
    return newest === undefined || !rules.has(subject) || registry.isCompatible(newest, schema);
  };

  const config = ({ method, body }: Asked, subject: string): Answer => {
    const given = body['compatibility'];
    if (method === 'PUT' && given !== undefined) {
      rules.set(subject, given);
      return { status: 200, body: { compatibility: given } };
    }
    const rule = rules.get(subject);
    return rule === undefined
      ? error(404, 40408, `Subject '${subject}' does not have subject-level compatibility configured`)
      : { status: 200, body: { compatibilityLevel: rule } };
  };

  const newest = (subject: string): Answer => {
    const versions = subjects.get(subject) ?? [];
    const schema = versions.at(-1);
    return schema === undefined
      ? error(404, 40401, `Subject '${subject}' not found.`)
      : { status: 200, body: { subject, version: versions.length, id: idOf(schema), schemaType: 'JSON', schema } };
  };

  const find = (subject: string, schema: string): Answer => {
    const versions = subjects.get(subject);
    if (versions === undefined) return error(404, 40401, `Subject '${subject}' not found.`);
    if (!versions.includes(schema)) return error(404, 40403, 'Schema not found');
    return { status: 200, body: { subject, id: idOf(schema), version: versions.indexOf(schema) + 1, schema } };
  };

  const answer = (request: Asked): Answer => {
    const [root, ...rest] = request.path.split('/').slice(1).map(decodeURIComponent);
    const schema = request.body['schema'] ?? '';
    if (root === 'config') return config(request, rest[0] ?? '');
    if (root === 'compatibility') {
      const subject = rest[1] ?? '';
      if (!subjects.has(subject)) return error(404, 40401, `Subject '${subject}' not found.`);
      return { status: 200, body: { is_compatible: follows(subject, schema) } };
    }
    const [subject = '', ...tail] = rest;
    if (root !== 'subjects') return error(404, 404, 'HTTP 404 Not Found');
    if (request.method === 'GET') return newest(subject);
    if (tail.length === 0) return find(subject, schema);
    if (!follows(subject, schema))
      return error(409, 409, 'Schema being registered is incompatible with an earlier schema');
    return { status: 200, body: { id: put(subject, schema) } };
  };

  const server = createServer(async (request, response) => {
    const body = await text(request);
    const entry: Asked = {
      method: request.method ?? '',
      path: request.url ?? '',
      authorization: request.headers.authorization,
      body: body === '' ? {} : (JSON.parse(body) as Record<string, string>),
    };
    asked.push(entry);
    const given = registry.interfere(entry) ?? answer(entry);
    if (given === 'silence') return;
    const { status, body: answered } = given;
    response.writeHead(status, { 'content-type': 'application/vnd.schemaregistry.v1+json' });
    response.end(typeof answered === 'string' ? answered : JSON.stringify(answered));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  const registry: ScriptedRegistry = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    rules,
    versions: (subject) => subjects.get(subject) ?? [],
    put,
    interfere: () => undefined,
    isCompatible: () => true,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return registry;
};
