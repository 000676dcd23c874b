import { AppError } from '../../runtime/errors.ts';
import type { Config, OrgConfig } from '../config/config.ts';
import { suggest } from '../config/did-you-mean.ts';

export const selectOrg = (config: Config, name: string): OrgConfig => {
  const org = config.orgs.find((candidate) => candidate.name === name);
  if (org !== undefined) return org;
  throw new AppError('usage-invalid', `No org named ${name} is configured.`, {
    hint: suggest(
      name,
      config.orgs.map((candidate) => candidate.name),
    ),
  });
};

/** The named org, or all of them. Throws `usage-invalid` for one that is not configured. */
export const selectOrgs = (config: Config, name: string | undefined): readonly OrgConfig[] =>
  name === undefined ? config.orgs : [selectOrg(config, name)];
