import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv } from 'ajv';
import { parse } from 'yaml';

export interface Service {
  readonly image?: string;
  readonly build?: string;
  readonly user?: string;
  readonly profiles?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly networks?: readonly string[];
  readonly network_mode?: string;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: Readonly<Record<string, unknown>>;
  readonly restart?: string;
  readonly init?: boolean;
  readonly read_only?: boolean;
  readonly privileged?: boolean;
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly mem_limit?: string;
  readonly stop_grace_period?: string;
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>;
}

export const pathOf = (name: string): URL => new URL(`../../${name}`, import.meta.url);

export const readText = (name: string): string => readFileSync(pathOf(name), 'utf8');

/** The file with its anchors merged; variables stay as they are written. */
export const readComposeFile = (): ComposeFile => parse(readText('docker-compose.yml'), { merge: true });

/**
 * What the Compose Specification says against a file. Its schema (github.com/compose-spec, Apache-2.0) comes with the npm
 * package docker-compose, which testcontainers depends on.
 */
export const createSchemaCheck = (): ((file: unknown) => readonly string[]) => {
  const schema: Record<string, unknown> = createRequire(import.meta.url)('docker-compose/schema/compose-spec.json');
  const ajv = new Ajv({ strict: false, allErrors: true });
  // It names draft 7 by an address that Ajv does not know it under.
  const validate = ajv.compile({ ...schema, $schema: 'http://json-schema.org/draft-07/schema#' });
  return (file) => {
    validate(file);
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  };
};

/** The variables that a text takes from the environment of docker compose: `${NAME}`, `${NAME:-...}`, `${NAME:?...}`. */
export const interpolated = (text: string): readonly string[] =>
  [...text.matchAll(/(?<!\$)\$\{([A-Za-z_][A-Za-z0-9_]*)/g)].map(([, name = '']) => name);
