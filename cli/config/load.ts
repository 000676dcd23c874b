import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { AppError } from '../../runtime/errors.ts';
import { maskSecrets } from '../mask.ts';
import { createSecretStore, type SecretStore } from '../secrets/store.ts';
import type { Config, OrgConfig } from './config.ts';
import { sharedDraxisKris, sharedNames } from './conflicts.ts';
import { dropEmpty } from './drop-empty.ts';
import { allowsLoopback, type Environment, overlayBus, overlayOrgs, readVariable } from './environment.ts';
import { inspectKeys } from './inspect-keys.ts';
import { toConfigSchema } from './json-schema.ts';
import { type Problem, toProblem } from './problem.ts';
import { readSettingsFile } from './read-file.ts';
import { findUnshareable, resolveBus } from './resolve-bus.ts';
import { resolveClickHouse } from './resolve-clickhouse.ts';
import { readNetwork } from './resolve-network.ts';
import { type ResolvedOrg, resolveOrg, toOrgConfig } from './resolve-org.ts';
import { type Settings, settingsSchema } from './settings.ts';

export interface LoadOptions {
  /** --config. Without it KRIVER_CONFIG, else ./kriver.yaml where there is one. */
  readonly file?: string | undefined;
  /** --data-dir: before KRIVER_DATA_DIR and the file. */
  readonly dataDirectory?: string | undefined;
  readonly environment: Environment;
  readonly workingDirectory: string;
}

export type LoadResult =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Reads file and environment, once, and either gives a configuration in which nothing is left to check, or everything
 * that is wrong with it. Reads token files and stored secrets; nothing is written and nothing connects.
 */
export const loadConfig = (options: LoadOptions): LoadResult => {
  const source = readSource(options);
  if (!source.ok) return { ok: false, problems: mask(source.problems, options.environment) };
  const { file } = source;
  const raw = dropEmpty(source.raw, configSchema) as Record<string, unknown>;
  const { environment } = options;
  const inFile = raw['orgs'] ?? [];
  const overlay = overlayOrgs(Array.isArray(inFile) ? inFile : [inFile], environment);
  const busOverlay = overlayBus(raw['bus'], environment);
  const joined = { ...raw, orgs: overlay.orgs, ...(busOverlay.bus === undefined ? {} : { bus: busOverlay.bus }) };
  const place = (path: string) => overlay.origins.get(path) ?? busOverlay.place(path);
  const dataDirectory = dataDirectoryOf(raw, file, options);

  const problems: Problem[] = [...overlay.problems, ...checkShape(joined, raw, place)];
  let store: SecretStore | undefined;
  const context = {
    environment,
    directory: file === undefined ? options.workingDirectory : dirname(file),
    secrets: () => {
      store ??= createSecretStore({ directory: dataDirectory, environment });
      return store;
    },
    allowLoopback: allowsLoopback(environment),
    place,
  };
  const resolved = overlay.orgs.map((org, index) =>
    resolveOrg(org, index, { ...context, isSpokenOf: index === overlay.spokenOf }),
  );
  problems.push(...resolved.flatMap((org) => org.problems), ...sharedNames(resolved.map((org) => org.name)));
  const network = readNetwork(raw['network'], context.directory, environment);
  problems.push(...network.problems);

  const settings = settingsSchema.safeParse(joined);
  const orgs = settings.success ? toOrgs(settings.data, resolved) : [];
  problems.push(...sharedDraxisKris(orgs));
  const clickHouse = resolveClickHouse(raw['clickhouse'], dataDirectory, context);
  problems.push(...clickHouse.problems);
  const { bus, problems: busProblems } = resolveBus(busOverlay.bus, context);
  problems.push(...busProblems.map((problem) => ({ ...problem, path: place(problem.path) })));
  problems.push(...findUnshareable(bus, clickHouse.settings?.kind, orgs));
  const complete = orgs.filter((org) => org !== undefined);
  if (
    problems.length > 0 ||
    !settings.success ||
    clickHouse.settings === undefined ||
    bus === undefined ||
    complete.length !== overlay.orgs.length
  )
    return { ok: false, problems: mask(firstOfEach(problems), environment) };
  return {
    ok: true,
    config: {
      file,
      dataDirectory,
      orgs: complete,
      bus,
      clickHouse: clickHouse.settings,
      retention: settings.data.retention,
      allowedLatenessMinutes: settings.data.allowed_lateness_minutes,
      network: network.config,
      logLevel: settings.data.log_level,
      diskReserveMb: settings.data.disk_reserve_mb,
      allowLoopback: context.allowLoopback,
    },
  };
};

/** As `loadConfig`, for commands: what is wrong ends the command with 78. */
export const requireConfig = (options: LoadOptions): Config => {
  const result = loadConfig(options);
  if (result.ok) return result.config;
  throw toConfigError(result.problems);
};

export const toConfigError = (problems: readonly Problem[]): AppError =>
  new AppError(
    'configuration-invalid',
    [
      problems.length === 1 ? 'The configuration has a problem:' : `The configuration has ${problems.length} problems:`,
      ...problems.map(({ path, problem, hint }) => `  ${path}\n    ${problem}\n    ${hint}`),
    ].join('\n'),
    {
      hint: 'All settings are described in docs/reference/configuration.md; `kriver init` writes a file to start from.',
    },
  );

/** The data directory alone, for commands that need no org and may run before the rest is right: `kriver secret set`. */
export const locateDataDirectory = (options: LoadOptions): string => {
  const source = readSource(options);
  if (!source.ok) throw toConfigError(mask(source.problems, options.environment));
  return dataDirectoryOf(source.raw, source.file, options);
};

type Source =
  | { readonly ok: true; readonly file: string | undefined; readonly raw: Record<string, unknown> }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const readSource = ({ file, environment, workingDirectory }: LoadOptions): Source => {
  const named = file ?? readVariable(environment, 'KRIVER_CONFIG');
  const path = resolve(workingDirectory, named ?? 'kriver.yaml');
  if (named === undefined && !existsSync(path)) return { ok: true, file: undefined, raw: {} };
  const result = readSettingsFile(path);
  return result.ok ? { ok: true, file: path, raw: result.value as Record<string, unknown> } : result;
};

const dataDirectoryOf = (raw: Record<string, unknown>, file: string | undefined, options: LoadOptions): string => {
  const outside = options.dataDirectory ?? readVariable(options.environment, 'KRIVER_DATA_DIR');
  if (outside !== undefined) return resolve(options.workingDirectory, outside);
  const written = raw['data_dir'];
  const directory = file === undefined ? options.workingDirectory : dirname(file);
  return resolve(directory, typeof written === 'string' && written !== '' ? written : '.kriver');
};

const configSchema = toConfigSchema(settingsSchema);

const checkShape = (joined: unknown, raw: Record<string, unknown>, place: (path: string) => string): Problem[] => {
  const settings = settingsSchema.safeParse(joined);
  const orgs = (joined as { orgs: readonly unknown[] }).orgs;
  const shape = settings.success
    ? []
    : settings.error.issues
        .filter((issue) => issue.code !== 'unrecognized_keys' && !(issue.path[0] === 'orgs' && orgs.length === 0))
        .map((issue) => toProblem(issue, joined, configSchema));
  const keys = inspectKeys({ ...raw, orgs }, configSchema);
  // A token in the wrong field is the cause; that the field has the wrong shape is then no news.
  const paths = new Set(keys.map(({ path }) => path));
  return [...(orgs.length === 0 ? [noOrg] : []), ...keys, ...shape.filter(({ path }) => !paths.has(path))].map(
    (problem) => ({ ...problem, path: place(problem.path) }),
  );
};

const noOrg: Problem = {
  path: 'orgs',
  problem: 'No Okta org is configured.',
  hint: 'Set KRIVER_OKTA_BASE_URL and KRIVER_OKTA_TOKEN, or write a file with `kriver init`. Without an org, `kriver demo` runs on a simulated one.',
};

const toOrgs = (settings: Settings, resolved: readonly ResolvedOrg[]): (OrgConfig | undefined)[] =>
  settings.orgs.map((org, index) => {
    const made = resolved[index];
    if (made?.name === undefined || made.baseUrl === undefined || made.token === undefined) return undefined;
    if (org.draxis !== undefined && made.draxisToken === undefined) return undefined;
    if (made.problems.length > 0) return undefined;
    return toOrgConfig(org, { ...made, name: made.name, baseUrl: made.baseUrl, token: made.token });
  });

const mask = (problems: readonly Problem[], environment: Environment): Problem[] => {
  const known = ['KRIVER_OKTA_TOKEN', 'KRIVER_DRAXIS_TOKEN', 'KRIVER_ENCRYPTION_KEY'].flatMap(
    (name) => environment[name] ?? [],
  );
  const clean = (text: string) => maskSecrets(text, known);
  return problems.map(({ path, problem, hint }) => ({ path: clean(path), problem: clean(problem), hint: clean(hint) }));
};

/** The first of each place: a value of the wrong kind often breaks a second rule as well. */
const firstOfEach = (problems: readonly Problem[]): Problem[] =>
  problems.filter(({ path }, index) => problems.findIndex((other) => other.path === path) === index);
