import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { z } from 'zod';
import { Secret } from '../../runtime/secret.ts';
import { credentialsSchema, readToken, type TokenSources } from './credentials.ts';
import { isGroup } from './environment.ts';
import { coreOf, fileKeyOf, formOf, isSecret } from './file-schema.ts';
import { toConfigSchema } from './json-schema.ts';
import { type Problem, toProblem } from './problem.ts';

type Raw = Readonly<Record<string, unknown>>;

export interface Section<Settings> {
  readonly settings: Settings | undefined;
  readonly problems: readonly Problem[];
}

/** What a PEM file has to hold; a key in the place of a certificate is the mistake that is made most. */
const marks: Readonly<Record<'certificate' | 'key', RegExp>> = {
  certificate: /-----BEGIN (?:TRUSTED )?CERTIFICATE-----/,
  key: /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/,
};

const readPem = (file: string, directory: string, what: 'certificate' | 'key'): string | undefined => {
  try {
    const text = readFileSync(resolve(directory, file), 'utf8');
    return marks[what].test(text) ? text : undefined;
  } catch {
    return undefined;
  }
};

/**
 * The settings of a component from its section of the file: secrets and PEM files are read, then what the component
 * demands of its settings as a whole is checked. `given` are values that stand elsewhere or are worked out. Keys that no
 * setting has are passed over; they are reported for the file as a whole.
 */
export const resolveSection = <Schema extends z.ZodObject>(
  schema: Schema,
  options: { readonly path: string; readonly raw: unknown; readonly given?: Raw; readonly sources: TokenSources },
): Section<z.output<Schema>> => {
  const { path, raw, given = {}, sources } = options;
  const problems: Problem[] = [];
  const unread: string[] = [];

  const readGroup = (group: z.ZodObject, written: Raw, place: string): Record<string, unknown> => {
    const values: Record<string, unknown> = {};
    for (const [name, declared] of Object.entries(group.shape)) {
      const field = declared as z.ZodType;
      const form = formOf(name, field);
      const here = `${place}.${name}`;
      const value = form === 'pem' ? written[fileKeyOf(name)] : written[name];
      if (value === undefined) continue;
      if (form === 'pem') values[name] = toPem(value, name, here, isSecret(field));
      else if (form === 'secret') values[name] = toSecret(value, here);
      else if (form === 'group' && isGroup(value)) values[name] = readGroup(coreOf(field) as z.ZodObject, value, here);
      else values[name] = value;
      if (values[name] === undefined) unread.push(here);
    }
    return values;
  };

  const toPem = (file: unknown, name: string, place: string, secret: boolean): Secret | string | undefined => {
    if (typeof file !== 'string' || file === '') return undefined;
    const what = name === 'key' ? 'key' : 'certificate';
    const text = readPem(file, sources.directory, what);
    if (text !== undefined) return secret ? new Secret(text) : text;
    problems.push({
      path: fileKeyOf(place),
      problem: `The file cannot be read or holds no ${what === 'key' ? 'private key' : 'certificate'}.`,
      hint: 'Name a PEM file that this user may read. Relative paths start at the directory of kriver.yaml.',
    });
    return undefined;
  };

  const toSecret = (named: unknown, place: string): Secret | undefined => {
    const credentials = credentialsSchema.safeParse(named);
    if (!credentials.success) return undefined;
    const result = readToken(credentials.data, place, sources);
    if (result.ok) return result.token;
    problems.push(result.problem);
    return undefined;
  };

  const candidate = { ...readGroup(schema, isGroup(raw) ? raw : {}, path), ...given };
  const parsed = schema.safeParse(dropUndefined(candidate));
  if (parsed.success) return { settings: parsed.data, problems };
  const issues = parsed.error.issues.map((issue) => toProblem(issue, candidate, toConfigSchema(schema), path));
  // That a value is missing is no news where it is known why it could not be read.
  return { settings: undefined, problems: [...problems, ...issues.filter((issue) => !unread.includes(issue.path))] };
};

const dropUndefined = (values: Raw): Raw =>
  Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, isGroup(value) && !(value instanceof Secret) ? dropUndefined(value) : value]),
  );
