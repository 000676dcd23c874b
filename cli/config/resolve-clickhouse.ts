import { join, resolve } from 'node:path';
import type { Secret } from '../../runtime/secret.ts';
import { type ClickHouseSettings, clickHouseSettingsSchema } from '../../sinks/clickhouse/settings.ts';
import { credentialsSchema, readToken, type TokenSources } from './credentials.ts';
import { isGroup } from './environment.ts';
import { toConfigSchema } from './json-schema.ts';
import { type Problem, toProblem } from './problem.ts';

const schema = toConfigSchema(clickHouseSettingsSchema);

/**
 * The settings of the sink with the password read and the directory made absolute. Beyond the shape of the file, this
 * checks what the sink itself demands of its settings as a whole.
 */
export const resolveClickHouse = (
  raw: unknown,
  dataDirectory: string,
  sources: TokenSources,
): { readonly settings: ClickHouseSettings | undefined; readonly problems: readonly Problem[] } => {
  const problems: Problem[] = [];
  const written = isGroup(raw) ? raw : {};
  const { password: named, path, ...rest } = written;
  let password: Secret | undefined;
  const credentials = credentialsSchema.safeParse(named);
  if (named !== undefined && credentials.success) {
    const result = readToken(credentials.data, 'clickhouse.password', sources);
    if (result.ok) password = result.token;
    else problems.push(result.problem);
  }
  const directory =
    typeof path === 'string' && path !== '' ? resolve(sources.directory, path) : join(dataDirectory, 'clickhouse');
  const known = Object.fromEntries(Object.entries(rest).filter(([key]) => key in clickHouseSettingsSchema.shape));
  const candidate = { ...known, path: directory, ...(password === undefined ? {} : { password }) };
  const parsed = clickHouseSettingsSchema.safeParse(candidate);
  if (parsed.success) return { settings: parsed.data, problems };
  const invalid = parsed.error.issues.map((issue) => toProblem(issue, candidate, schema));
  return {
    settings: undefined,
    problems: [
      ...problems,
      ...invalid.map(({ path: place, problem, hint }) => ({
        path: `clickhouse.${place}`,
        problem: `clickhouse.${problem}`,
        hint,
      })),
    ],
  };
};
