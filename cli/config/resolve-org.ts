import { parseBaseUrl } from '../../ingest/okta/base-url.ts';
import { type Definition, definitions } from '../../schemas/reading.ts';
import { type Slug, slugs } from '../../schemas/slugs.ts';
import type { DraxisConfig, OrgConfig } from './config.ts';
import { credentialsSchema, readToken, type TokenSources } from './credentials.ts';
import { isGroup } from './environment.ts';
import { type OrgSettings, orgNamePattern } from './org.ts';
import type { Problem } from './problem.ts';

export interface OrgContext extends TokenSources {
  /** Whether KRIVER_OKTA_TOKEN is meant for this org: it is the only one, or KRIVER_ORG names it. */
  readonly isSpokenOf: boolean;
  readonly allowLoopback: boolean;
  /** What the operator calls a place in the settings: the variable where the value came from one, else the path. */
  readonly place: (path: string) => string;
}

/** What could be made of one org of the file, and everything that is wrong with it beyond its shape. */
export interface ResolvedOrg {
  readonly name: string | undefined;
  readonly baseUrl: URL | undefined;
  readonly customDomains: readonly string[];
  readonly token: OrgConfig['token'] | undefined;
  readonly draxisToken: DraxisConfig['token'] | undefined;
  readonly problems: readonly Problem[];
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** First label of the host, `local` for this machine: acme of https://acme.okta.com. */
const nameOf = (baseUrl: URL, isLoopback: boolean): string | undefined => {
  const name = isLoopback ? 'local' : baseUrl.hostname.split('.')[0];
  return name !== undefined && orgNamePattern.test(name) ? name : undefined;
};

/**
 * Checks what a schema cannot: the base URL, and that tokens are there. It works on what the operator wrote, field by
 * field, so that a mistake in one field does not hide one in another.
 */
export const resolveOrg = (org: unknown, index: number, context: OrgContext): ResolvedOrg => {
  const raw = isGroup(org) ? org : {};
  const path = `orgs[${index}]`;
  const problems: Problem[] = [];
  const customDomain = text(raw['custom_domain'])?.trim().toLowerCase();
  const customDomains = customDomain === undefined ? [] : [customDomain];

  let baseUrl: URL | undefined;
  const written = text(raw['base_url']);
  if (written !== undefined) {
    const result = parseBaseUrl(written.trim(), { allowLoopback: context.allowLoopback, customDomains });
    if (result.ok) baseUrl = result.url;
    else problems.push({ path: context.place(`${path}.base_url`), problem: result.problem, hint: result.hint });
  }

  const token =
    raw['credentials'] === undefined && !context.isSpokenOf
      ? undefined
      : resolveToken(raw['credentials'], 'KRIVER_OKTA_TOKEN', `${path}.credentials`, context, problems);
  if (raw['credentials'] === undefined && !context.isSpokenOf) problems.push(unnamedToken(`${path}.credentials`));
  const draxis = isGroup(raw['draxis']) ? raw['draxis'] : undefined;
  const draxisToken =
    draxis &&
    resolveToken(draxis['credentials'], 'KRIVER_DRAXIS_TOKEN', `${path}.draxis.credentials`, context, problems);
  const draxisUrl = text(draxis?.['url']);
  if (draxisUrl !== undefined && !isDraxisUrl(draxisUrl, context.allowLoopback))
    problems.push({
      path: context.place(`${path}.draxis.url`),
      problem: 'This is not an https URL.',
      hint: 'Write the MCP endpoint of Draxis: https://app.draxis.ai/api/mcp, or that of your own installation.',
    });

  return {
    name: text(raw['name']) ?? (baseUrl && nameOf(baseUrl, !isDomain(baseUrl))),
    baseUrl,
    customDomains,
    token,
    draxisToken,
    problems,
  };
};

/** The token of one org must not be sent to another, which the default variable alone would do. */
const unnamedToken = (path: string): Problem => ({
  path,
  problem: 'With several orgs, each has to name its own token.',
  hint: 'Name it with token_env, token_secret or token_file. KRIVER_OKTA_TOKEN alone goes to the org that KRIVER_ORG names.',
});

const isLoopbackHost = (host: string): boolean =>
  host === 'localhost' || host === '[::1]' || /^127(?:\.\d+){3}$/.test(host);
const isDomain = (url: URL): boolean => !isLoopbackHost(url.hostname);

const isDraxisUrl = (written: string, allowLoopback: boolean): boolean => {
  if (!URL.canParse(written)) return false;
  const url = new URL(written);
  if (url.username !== '' || url.password !== '') return false;
  return url.protocol === 'https:' || (allowLoopback && url.protocol === 'http:' && isLoopbackHost(url.hostname));
};

const resolveToken = (
  written: unknown,
  variable: string,
  path: string,
  context: OrgContext,
  problems: Problem[],
): OrgConfig['token'] | undefined => {
  const parsed = credentialsSchema.safeParse(written ?? { token_env: variable });
  // A wrong shape is reported by the schema, and so is a token that was written where its source belongs.
  if (!parsed.success || (isGroup(written) && Object.keys(written).some((key) => !(key in credentialsSchema.shape))))
    return;
  const result = readToken(parsed.data, path, context);
  if (result.ok) return result.token;
  problems.push(written === undefined ? { ...result.problem, path: variable } : result.problem);
  return undefined;
};

/** The org as the rest of Kriver sees it. */
export const toOrgConfig = (
  settings: OrgSettings,
  resolved: { readonly name: string; readonly baseUrl: URL; readonly token: OrgConfig['token'] } & ResolvedOrg,
): OrgConfig => {
  const { credentials: _, ...draxisSettings } = settings.draxis ?? { credentials: undefined };
  return {
    name: resolved.name,
    baseUrl: resolved.baseUrl,
    customDomains: resolved.customDomains,
    token: resolved.token,
    kris: slugs.filter((slug) => settings.kris.includes(slug)),
    definitions: definitionsOf(settings),
    thresholds: settings.thresholds,
    velocityNames: settings.velocity_names.map((name) => name.toLowerCase()),
    ingest: settings.ingest,
    draxis:
      settings.draxis === undefined || resolved.draxisToken === undefined
        ? undefined
        : { settings: draxisSettings as DraxisConfig['settings'], token: resolved.draxisToken },
  };
};

const definitionsOf = (settings: OrgSettings): Readonly<Record<Slug, Definition>> =>
  Object.fromEntries(slugs.map((slug) => [slug, settings.definitions[slug] ?? definitions[0]])) as Record<
    Slug,
    Definition
  >;
