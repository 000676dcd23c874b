import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Secret } from '../../runtime/secret.ts';
import type { NetworkConfig } from './config.ts';
import { type Environment, isGroup, readVariable } from './environment.ts';
import type { Problem } from './problem.ts';

/** Proxy and certificate authorities, read and checked. Relative files start at `directory`. */
export const readNetwork = (
  raw: unknown,
  directory: string,
  environment: Environment,
): { config: NetworkConfig; problems: Problem[] } => {
  const problems: Problem[] = [];
  const written = isGroup(raw) ? raw : {};
  const proxy = written['proxy'] === 'environment' ? readVariable(environment, 'HTTPS_PROXY') : written['proxy'];
  if (typeof proxy === 'string' && !/^https?:$/.test(URL.canParse(proxy) ? new URL(proxy).protocol : ''))
    problems.push({
      path: 'network.proxy',
      problem: 'This is not the URL of an HTTP proxy.',
      hint: 'Write http://proxy.example.com:3128, or "environment" to take HTTPS_PROXY.',
    });
  let certificateAuthorities: string | undefined;
  const caFile = written['ca_file'];
  if (typeof caFile === 'string' && caFile !== '')
    try {
      certificateAuthorities = readFileSync(resolve(directory, caFile), 'utf8');
      if (!certificateAuthorities.includes('-----BEGIN CERTIFICATE-----')) throw new Error('no certificate');
    } catch {
      problems.push({
        path: 'network.ca_file',
        problem: 'The file cannot be read or holds no certificate.',
        hint: 'Name a PEM file that this user may read. Relative paths start at the directory of kriver.yaml.',
      });
    }
  return {
    config: { proxy: typeof proxy === 'string' ? new Secret(proxy) : undefined, certificateAuthorities },
    problems,
  };
};
