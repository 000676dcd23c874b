import { createHash } from 'node:crypto';
import type { Secret } from '../../runtime/secret.ts';
import type { Slug } from '../../schemas/slugs.ts';
import type { DraxisSettings } from './settings.ts';

const accessToken = /^drx_pat_([^.\s]+)\.\S+$/;

/** The tenant that an access token `drx_pat_<tenant>.<token>` belongs to; undefined for a token of another form. */
export const tenantOf = (token: Secret): string | undefined => accessToken.exec(token.reveal())?.[1];

export interface PushedKris {
  readonly org: string;
  readonly url: string;
  readonly token: Secret;
  /** Our slugs that are pushed. */
  readonly selected: readonly Slug[];
  readonly slugs: DraxisSettings['slugs'];
}

export interface Conflict {
  /** The tenant, or a digest of the token where that does not tell. */
  readonly tenant: string;
  /** The tenant's slug that has two writers. */
  readonly slug: string;
  /** ORG/SLUG of each writer, in the order given. */
  readonly writers: readonly string[];
}

/**
 * KRIs of one tenant that two of our readings would write: two orgs, or two slugs of one. Each would overwrite the
 * other's value with a time of its own, so the configuration is refused. Tenants are told apart by host as well, since
 * a deployment of one's own has its own tenants.
 */
export const findConflicts = (targets: readonly PushedKris[]): Conflict[] => {
  const writers = new Map<string, { tenant: string; slug: string; writers: string[] }>();
  for (const { org, url, token, selected, slugs } of targets) {
    const tenant = tenantOf(token) ?? createHash('sha256').update(token.reveal()).digest('hex').slice(0, 12);
    for (const ours of new Set(selected)) {
      const slug = slugs[ours] ?? ours;
      const key = JSON.stringify([new URL(url).host, tenant, slug]);
      const entry = writers.get(key) ?? { tenant, slug, writers: [] };
      entry.writers.push(`${org}/${ours}`);
      writers.set(key, entry);
    }
  }
  return [...writers.values()].filter((entry) => entry.writers.length > 1);
};
