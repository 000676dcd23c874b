import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { Environment } from '../../cli/config/environment.ts';
import { loadConfig } from '../../cli/config/load.ts';

/** In the shapes of real tokens, so that masking is put to the test; no part of them may be printed. */
export const canary = `00CANARY${'x'.repeat(34)}`;
export const draxisCanary = 'drx_pat_tenant.CANARYdraxis';

const root = mkdtempSync(join(tmpdir(), 'kriver-config-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

export const good: Environment = { KRIVER_OKTA_TOKEN: canary, KRIVER_DRAXIS_TOKEN: draxisCanary };
export const oktaOnly: Environment = { KRIVER_OKTA_TOKEN: canary };
export const org = 'base_url: https://acme.okta.com';
export const own = `${org}, credentials: {token_env: KRIVER_OKTA_TOKEN}`;
export const other = 'base_url: https://other.okta.com, credentials: {token_env: KRIVER_OKTA_TOKEN}';

/** Files that a configuration may name, and that are not what it says. */
const files: Readonly<Record<string, string>> = {
  'not-a-certificate.pem': 'hello',
  'empty-token': '\n',
  'ca.pem': '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
  'key.pem': '-----BEGIN PRIVATE KEY-----\nCANARY\n-----END PRIVATE KEY-----\n',
};

let count = 0;
export const load = (yaml: string | undefined, environment: Environment = good) => {
  const directory = join(root, String(count++));
  mkdirSync(directory);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  if (yaml !== undefined) writeFileSync(join(directory, 'kriver.yaml'), yaml);
  return loadConfig({ environment, workingDirectory: directory });
};

export interface BadConfig {
  readonly what: string;
  readonly yaml?: string;
  readonly environment?: Environment;
  /** The paths of all problems, in any order. */
  readonly paths: readonly string[];
  readonly hint: RegExp;
}

export const inOrg = (line: string): string => `orgs:\n  - ${org}\n    ${line}\n`;

/** One test for each: the places that are named, the hint, and that no secret is in either. */
export const itRefuses = (badConfigs: readonly BadConfig[]): void => {
  it.each(badConfigs)('names the place and what to do: $what', ({ yaml, environment, paths, hint }) => {
    const result = load(yaml, environment);
    const problems = result.ok ? [] : result.problems;

    expect(
      problems.map(({ path }) => (path.startsWith('/') ? path.replace(/^.*?(?=(?::\d+)?$)/, 'FILE') : path)),
    ).toEqual(paths);
    expect(problems.map((problem) => problem.hint).join(' ')).toMatch(hint);
    for (const { problem } of problems) expect(problem).toMatch(/\S.*[.?]$/s);
    expect(JSON.stringify(problems)).not.toContain('CANARY');
  });
};
