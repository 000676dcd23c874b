import { z } from 'zod';
import { AppError } from '../../runtime/errors.ts';
import type { StateStore } from '../../runtime/state-store.ts';
import { scoreSchema } from '../../schemas/reading.ts';
import { isSlug, type Slug, slugs } from '../../schemas/slugs.ts';

/** The name of this stage's state, and of its consumer group. */
export const draxisGroup = 'draxis';

const timestamp = z.iso.datetime({ precision: 3 });

const candidateSchema = z.object({
  asOf: timestamp,
  version: z.string(),
  draxis: scoreSchema,
  corrected: scoreSchema,
});

/** What may be pushed: a reading without what a push does not need. */
export type Candidate = z.infer<typeof candidateSchema>;

const slugStateSchema = z.object({
  candidates: z.array(candidateSchema).describe('Readings not yet pushed, T rising.'),
  acked: z
    .object({ asOf: timestamp, version: z.string(), value: z.number() })
    .nullable()
    .describe('The newest T that Draxis took. Nothing at or before it is pushed any more.'),
  attempted: timestamp
    .nullable()
    .describe('The newest T ever sent, noted before it was: an answer may be lost, so nothing older is sent after it.'),
  last: z
    .object({
      asOf: timestamp,
      value: z.number(),
      outcome: z.enum(['accepted', 'unknown-slug', 'refused']),
      text: z.string(),
    })
    .nullable()
    .describe('The last answer, for display.'),
  revisionsNotPushed: z.int().describe('How often the value of the acked T changed afterwards.'),
});

export type SlugState = z.infer<typeof slugStateSchema>;

const orgStateSchema = z.object({ logAsOf: timestamp.nullable() });

/** One org's part: kept in the state store as ORG and ORG/SLUG. `parked` is of this process only. */
export interface OrgState {
  /** asOf of the newest progress record of the log. */
  logAsOf: string | null;
  readonly slugs: Map<Slug, SlugState>;
  /** KRIs that Draxis did not take, with the T that it was offered. */
  readonly parked: Map<Slug, string>;
}

export interface PushState {
  /** The offset that the state reflects; undefined when nothing was ever saved. */
  readonly offset: number | undefined;
  readonly orgs: Map<string, OrgState>;
}

export const emptySlugState = (): SlugState => ({
  candidates: [],
  acked: null,
  attempted: null,
  last: null,
  revisionsNotPushed: 0,
});

/** The state of an org, made when it is asked for first. */
export const orgStateOf = (orgs: Map<string, OrgState>, org: string): OrgState => {
  const state = orgs.get(org) ?? { logAsOf: null, slugs: new Map(), parked: new Map() };
  orgs.set(org, state);
  return state;
};

const parseEntry = <Value>(schema: z.ZodType<Value>, key: string, value: unknown): Value => {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new AppError('state-invalid', `The saved state of the Draxis sink cannot be read at ${key}.`, {
    hint: 'It was written by another version of Kriver: run that one.',
    cause: parsed.error,
  });
};

export const loadPushState = async (store: StateStore, partition: number): Promise<PushState> => {
  const saved = await store.load(draxisGroup, partition);
  const orgs = new Map<string, OrgState>();
  for (const [key, value] of saved?.entries ?? []) {
    const [org = '', slug] = key.split('/');
    const state = orgStateOf(orgs, org);
    if (slug === undefined) state.logAsOf = parseEntry(orgStateSchema, key, value).logAsOf;
    else if (isSlug(slug)) state.slugs.set(slug, parseEntry(slugStateSchema, key, value));
  }
  return { offset: saved?.offset, orgs };
};

/** The entries of one org, or of some of its slugs, as the state store keeps them. */
export const toEntries = (org: string, state: OrgState, changed: Iterable<Slug>) => {
  const entries = new Map<string, unknown>([[org, { logAsOf: state.logAsOf }]]);
  for (const slug of changed) {
    const known = state.slugs.get(slug);
    if (known !== undefined) entries.set(`${org}/${slug}`, known);
  }
  return entries;
};

export interface LastPush {
  readonly org: string;
  readonly slug: Slug;
  /** The last answer of Draxis; null before there was one. */
  readonly last: SlugState['last'];
  /** The newest value that Draxis took. */
  readonly acked: { readonly asOf: string; readonly value: number } | null;
  readonly revisionsNotPushed: number;
}

/** What was last pushed of each KRI, for display: of every org of a partition, in the order of the slugs. */
export const readPushes = async (store: StateStore, partition: number): Promise<LastPush[]> => {
  const { orgs } = await loadPushState(store, partition);
  return [...orgs].flatMap(([org, state]) =>
    slugs.flatMap((slug) => {
      const found = state.slugs.get(slug);
      if (found === undefined || (found.last === null && found.acked === null)) return [];
      const { last, acked, revisionsNotPushed } = found;
      return [{ org, slug, last, acked: acked && { asOf: acked.asOf, value: acked.value }, revisionsNotPushed }];
    }),
  );
};
