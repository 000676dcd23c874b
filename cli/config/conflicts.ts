import { findConflicts } from '../../sinks/draxis/conflicts.ts';
import type { OrgConfig } from './config.ts';
import type { Problem } from './problem.ts';

/** Orgs that share a name would share all stored keys. */
export const sharedNames = (names: readonly (string | undefined)[]): Problem[] =>
  names.flatMap((name, index) => {
    const first = names.indexOf(name);
    return name === undefined || first === index
      ? []
      : [
          {
            path: `orgs[${index}].name`,
            problem: `orgs[${first}] has the same name, ${name}.`,
            hint: 'Give each org a name of its own. Without one it is the first label of the base URL.',
          },
        ];
  });

/**
 * Two orgs (or two KRIs of one) that write one KRI of one Draxis tenant would overwrite each other's values there, minute
 * by minute. `orgs` has a hole where an org could not be resolved.
 */
export const sharedDraxisKris = (orgs: readonly (OrgConfig | undefined)[]): Problem[] => {
  const targets = orgs.flatMap((org) =>
    org?.draxis === undefined
      ? []
      : [
          {
            org: org.name,
            url: org.draxis.settings.url,
            token: org.draxis.token,
            selected: org.kris,
            slugs: org.draxis.settings.slugs,
          },
        ],
  );
  const bySecondWriter = new Map<number, { readonly slugs: string[]; readonly first: string }>();
  for (const { slug, writers } of findConflicts(targets)) {
    const [first, second] = writers.map((writer) => writer.slice(0, writer.lastIndexOf('/')));
    const index = orgs.findIndex((org) => org?.name === second);
    const entry = bySecondWriter.get(index) ?? { slugs: [], first: first ?? '' };
    entry.slugs.push(slug);
    bySecondWriter.set(index, entry);
  }
  return [...bySecondWriter].map(([index, { slugs, first }]) => ({
    path: `orgs[${index}].draxis.slugs`,
    problem: `${first} already writes these KRIs of the same Draxis tenant: ${slugs.join(', ')}.`,
    hint: 'Give this org slugs of its own in draxis.slugs (okta_mfa_adoption_pct: emea_mfa_adoption_pct), or another tenant, or fewer kris.',
  }));
};
