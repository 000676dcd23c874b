import type { Problem } from './problem.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment variables that Kriver reads: a stable contract. */
export const environmentVariables = [
  { name: 'KRIVER_OKTA_BASE_URL', description: "The org's URL; in place of base_url." },
  { name: 'KRIVER_OKTA_TOKEN', description: 'The Okta API token, where the file names no other source.' },
  {
    name: 'KRIVER_ORG',
    description: 'The name of the org; with several orgs in the file, the one that the variables speak of.',
  },
  { name: 'KRIVER_DRAXIS_URL', description: 'The MCP endpoint of Draxis; in place of draxis.url. Turns pushing on.' },
  {
    name: 'KRIVER_DRAXIS_TOKEN',
    description: 'The Draxis access token, where the file names no other source. Turns pushing on.',
  },
  { name: 'KRIVER_DATA_DIR', description: 'In place of data_dir. Relative paths start at the working directory.' },
  {
    name: 'KRIVER_KAFKA_BROKERS',
    description: 'Brokers as host:port, with commas between; in place of bus.brokers. Sets bus.kind to kafka.',
  },
  { name: 'KRIVER_CONFIG', description: 'The file to read; in place of ./kriver.yaml.' },
  {
    name: 'KRIVER_ALLOW_LOOPBACK',
    description: '1 permits http://127.0.0.1 as the base URL and for Draxis, for tests.',
  },
  {
    name: 'KRIVER_ENCRYPTION_KEY',
    description:
      'The key that stored secrets are encrypted with: 32 bytes in base64; during a rotation NEW,OLD. In place of encryption.key in the data directory.',
  },
  { name: 'HTTPS_PROXY', description: 'Read only when network.proxy is "environment".' },
  { name: 'NO_COLOR', description: 'When set, output has no colours.' },
] as const;

type EnvironmentName = (typeof environmentVariables)[number]['name'];

/** The value of a variable; one that is set to nothing counts as not set, as compose files like to do. */
export const readVariable = (environment: Environment, name: EnvironmentName): string | undefined => {
  const value = environment[name]?.trim();
  return value === '' ? undefined : value;
};

export const allowsLoopback = (environment: Environment): boolean =>
  ['1', 'true'].includes(readVariable(environment, 'KRIVER_ALLOW_LOOPBACK') ?? '');

type Raw = Record<string, unknown>;

export const isGroup = (value: unknown): value is Raw =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

export interface Overlay {
  readonly orgs: readonly unknown[];
  /** Paths of the joined settings whose value came from a variable, with its name. */
  readonly origins: ReadonlyMap<string, string>;
  readonly problems: readonly Problem[];
  /** The index of the org that the variables speak of. */
  readonly spokenOf: number | undefined;
}

/**
 * Lays the variables over the orgs of the file. With none in the file they make one; with several, KRIVER_ORG has to say
 * which one they speak of, so that no token goes to an org that it was not meant for.
 */
export const overlayOrgs = (inFile: readonly unknown[], environment: Environment): Overlay => {
  const read = (name: EnvironmentName) => readVariable(environment, name);
  const baseUrl = read('KRIVER_OKTA_BASE_URL');
  const draxisUrl = read('KRIVER_DRAXIS_URL');
  const org = read('KRIVER_ORG');
  const orgs = inFile.length === 0 && (baseUrl !== undefined || org !== undefined) ? [{}] : [...inFile];
  const pushes = orgs.some((candidate) => isGroup(candidate) && candidate['draxis'] !== undefined);
  const spoken =
    baseUrl !== undefined || draxisUrl !== undefined || (read('KRIVER_DRAXIS_TOKEN') !== undefined && !pushes);
  const index =
    orgs.length === 1
      ? 0
      : orgs.findIndex((candidate) => isGroup(candidate) && candidate['name'] === org && org !== undefined);
  const target = orgs[index];
  if (!isGroup(target))
    return { orgs, origins: new Map(), problems: unclearOrg(orgs, org, spoken), spokenOf: undefined };

  const origins = new Map<string, string>();
  const joined: Raw = { ...target };
  if (org !== undefined && joined['name'] === undefined) {
    joined['name'] = org;
    origins.set(`orgs[${index}].name`, 'KRIVER_ORG');
  }
  if (baseUrl !== undefined) {
    joined['base_url'] = baseUrl;
    origins.set(`orgs[${index}].base_url`, 'KRIVER_OKTA_BASE_URL');
  }
  const draxis = joined['draxis'];
  if (draxisUrl !== undefined && (draxis === undefined || draxis === null || isGroup(draxis))) {
    joined['draxis'] = { ...(draxis ?? {}), url: draxisUrl };
    origins.set(`orgs[${index}].draxis.url`, 'KRIVER_DRAXIS_URL');
  } else if (read('KRIVER_DRAXIS_TOKEN') !== undefined && (draxis === undefined || draxis === null))
    joined['draxis'] = {};
  orgs[index] = joined;
  return { orgs, origins, problems: renamed(joined, org), spokenOf: index };
};

const unclearOrg = (orgs: readonly unknown[], org: string | undefined, spoken: boolean): Problem[] => {
  if (orgs.length < 2) return [];
  if (org !== undefined)
    return [{ path: 'KRIVER_ORG', problem: 'The file has no org of this name.', hint: `It names: ${names(orgs)}.` }];
  if (!spoken) return [];
  return [
    {
      path: 'KRIVER_ORG',
      problem: 'The environment sets a URL or token, but the file has several orgs.',
      hint: `Say with KRIVER_ORG which of them is meant (${names(orgs)}), or unset the variables and name sources in the file.`,
    },
  ];
};

/** The name is part of all stored keys, so another one by accident would start from nothing. */
const renamed = (joined: Raw, org: string | undefined): Problem[] =>
  org === undefined || typeof joined['name'] !== 'string' || joined['name'] === org
    ? []
    : [
        {
          path: 'KRIVER_ORG',
          problem: 'The file gives the org another name.',
          hint: 'Unset KRIVER_ORG, or give both the same name. The name is part of all stored keys.',
        },
      ];

const names = (orgs: readonly unknown[]): string =>
  orgs
    .map((org, index) => (isGroup(org) && typeof org['name'] === 'string' ? org['name'] : `orgs[${index}]`))
    .join(', ');

/** The section `bus` with the brokers of the environment; what is wrong with one is then said of the variable. */
export const overlayBus = (
  raw: unknown,
  environment: Environment,
): { readonly bus: unknown; readonly place: (path: string) => string } => {
  const brokers = readVariable(environment, 'KRIVER_KAFKA_BROKERS');
  if (brokers === undefined) return { bus: raw, place: (path) => path };
  return {
    bus: { ...(isGroup(raw) ? raw : {}), kind: 'kafka', brokers: brokers.split(',').map((broker) => broker.trim()) },
    place: (path) => (/^bus\.brokers(?:\[|$)/.test(path) ? 'KRIVER_KAFKA_BROKERS' : path),
  };
};
