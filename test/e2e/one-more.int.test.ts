import { afterEach, describe, expect, it } from 'vitest';
import { toPercentage } from '../../schemas/reading.ts';
import { type Slug, slugs } from '../../schemas/slugs.ts';
import type { TruthTable } from '../../simulator/index.ts';
import type { UserState } from '../../simulator/world/posture.ts';
import { createWorkspace, once, query, type Workspace } from './in-process.ts';
import { minuteMs, type Org, openOrg, quietRates } from './simulated-org.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

interface Row {
  slug: Slug;
  at: string;
  draxis: string | null;
  corrected: string | null;
}

const current = (workspace: Workspace) =>
  query<Row>(
    workspace,
    `SELECT slug, toString(toUnixTimestamp(as_of)) AS at, toString(draxis_numerator) AS draxis,
       toString(corrected_numerator) AS corrected FROM kri_current`,
  );

/** The one who is first by id, so that the choice does not depend on any order. */
const someone = (org: Org, is: (user: UserState) => boolean): UserState => {
  const users = org.world.posture.usersAt(org.clock.now()).filter(({ status }) => status === 'ACTIVE');
  const [user] = users.filter(is).sort((a, b) => (a.person.id < b.person.id ? -1 : 1));
  if (user === undefined) throw new Error('the org has nobody like that');
  return user;
};
const hasKind = (kinds: readonly string[]) => (user: UserState) =>
  user.factors.some(({ kind }) => kinds.includes(kind));
const hasNothing = ({ factors }: UserState) => factors.length === 0;

/** A person with no factor, whoever had it before. */
const strip = async (org: Org, user: UserState, apps?: readonly string[]): Promise<string> => {
  await org.change(`users/${user.person.id}`, { factors: [], ...(apps === undefined ? {} : { apps }) });
  return user.person.id;
};

/** What one change adds to the numerators of one KRI. */
interface Change {
  readonly title: string;
  readonly slug: Slug;
  readonly engine: 'idx' | 'v1';
  readonly adds: readonly [draxis: number, corrected: number];
  /** Before the first pass; gives what `change` speaks of. */
  readonly prepare?: (org: Org) => Promise<string>;
  readonly change: (org: Org, subject: string) => Promise<void>;
}

const changes: readonly Change[] = [
  {
    title: 'a denied push in Classic',
    slug: 'okta_failed_mfa_push_24h',
    engine: 'v1',
    adds: [1, 1],
    change: (org) => org.change('events', { story: 'deny_push' }),
  },
  {
    title: 'a denied push in Identity Engine, which the draxis rule does not see',
    slug: 'okta_failed_mfa_push_24h',
    engine: 'idx',
    adds: [0, 1],
    change: (org) => org.change('events', { story: 'deny_push' }),
  },
  {
    title: 'an impossible travel',
    slug: 'okta_impossible_travel_24h',
    engine: 'idx',
    adds: [1, 1],
    change: (org) =>
      org.change('events', {
        eventType: 'user.session.start',
        debugContext: { debugData: { behaviors: '{New Device=NEGATIVE, Velocity=POSITIVE}' } },
        labels: [{ kind: 'travel_contains' }, { kind: 'travel_positive', signIn: 'by hand' }],
      }),
  },
  {
    title: 'an admin session of nine hours',
    slug: 'okta_admin_session_outliers_24h',
    engine: 'v1',
    adds: [1, 1],
    change: (org) => org.change('events', { story: 'admin_session', hours: 9 }),
  },
  {
    title: 'a first factor of a person',
    slug: 'okta_mfa_adoption_pct',
    engine: 'idx',
    adds: [1, 1],
    prepare: (org) => strip(org, someone(org, hasKind(['totp']))),
    change: (org, id) => org.change(`users/${id}`, { factors: [{ kind: 'totp' }], log: false }),
  },
  {
    title: 'a passkey of somebody who has a weaker factor',
    slug: 'okta_phish_resistant_mfa_pct',
    engine: 'idx',
    adds: [1, 1],
    prepare: async (org) => {
      const { id } = someone(org, hasKind(['totp'])).person;
      await org.change(`users/${id}`, { factors: [{ kind: 'totp' }] });
      return id;
    },
    change: (org, id) => org.change(`users/${id}`, { factors: [{ kind: 'totp' }, { kind: 'webauthn' }], log: false }),
  },
  {
    title: 'a person with an app and no factor, suspended',
    slug: 'okta_inactive_users_with_app_access',
    engine: 'v1',
    adds: [1, 1],
    prepare: (org) => strip(org, someone(org, hasNothing), ['Box']),
    change: (org, id) => org.change(`users/${id}`, { status: 'SUSPENDED', log: false }),
  },
  {
    title: 'a rule that asks for one factor only',
    slug: 'okta_app_policy_exceptions',
    engine: 'idx',
    adds: [1, 1],
    change: async (org) => {
      const policy = org.world.posture.policiesAt(org.clock.now()).find(({ name }) => name === 'Any two factors');
      await org.change(`policies/${policy?.id}/rules/${policy?.rules[0]?.id}`, { shape: 'oneFactor', log: false });
    },
  },
];

/** A day of log is too little for corrected sessions, and only whole readings are pushed. */
const pushedDefinition = (slug: Slug) => (slug === 'okta_admin_session_outliers_24h' ? 'draxis' : 'corrected');

const pushedValue = (truth: TruthTable, slug: Slug): number | undefined => {
  const { numerator, denominator } = truth[slug][pushedDefinition(slug)];
  return denominator === null ? numerator : toPercentage(numerator, denominator);
};

describe('one more', () => {
  it.each(changes)(
    '$title moves $slug by exactly that, and no other KRI',
    async ({ slug, engine, adds, prepare, change }) => {
      const org = await openOrg({
        engine,
        seed: 11,
        users: 40,
        eventsPerDay: 400,
        historyHours: 24,
        rates: quietRates,
      });
      const settings = {
        definitions: Object.fromEntries(slugs.map((each) => [each, pushedDefinition(each)])),
        ingest: { lookback_hours: 24 },
      };
      const workspace = createWorkspace({ orgs: [{ name: 'acme', ...settings }] });
      closers.push(org.close, workspace.remove);
      const pass = () => once({ workspace, environment: org.environment, clock: org.clock });
      const subject = (await prepare?.(org)) ?? '';
      await pass();

      // What the same org would say at the same moments without the change: whatever else time moves, moves in both.
      const newestMs = org.clock.now() + 61 * minuteMs;
      const settledMs = newestMs - 10 * minuteMs;
      const options = { persistedByMs: newestMs };
      const without = { newest: org.truthAt(newestMs, options), settled: org.truthAt(settledMs, options) };
      await change(org, subject);
      org.clock.advance(61 * minuteMs);
      expect((await pass()).code).toBe(0);

      const rows = await current(workspace);
      expect(rows.map((row) => row.slug).sort()).toEqual([...slugs].sort());
      for (const row of rows) {
        const { draxis, corrected } = without.newest[row.slug];
        const [moreDraxis, moreCorrected] = row.slug === slug ? adds : [0, 0];
        const noPolicies = row.slug === 'okta_app_policy_exceptions' && engine === 'v1';
        const noClassicDenials = row.slug === 'okta_failed_mfa_push_24h' && engine === 'idx';
        expect(row, `${row.slug} in ClickHouse`).toEqual({
          slug: row.slug,
          at: String(newestMs / 1000),
          draxis: noPolicies || noClassicDenials ? null : String(draxis.numerator + moreDraxis),
          corrected: noPolicies ? null : String(corrected.numerator + moreCorrected),
        });
      }

      const isPushed = (each: Slug) => !(each === 'okta_app_policy_exceptions' && engine === 'v1');
      for (const each of slugs.filter(isPushed)) {
        const [atMs, truthWithout] = /_24h$/.test(each) ? [settledMs, without.settled] : [newestMs, without.newest];
        const truth = org.truthAt(atMs);
        const definition = pushedDefinition(each);
        const more = each === slug ? adds[definition === 'draxis' ? 0 : 1] : 0;
        expect(truth[each][definition].numerator - truthWithout[each][definition].numerator, `truth of ${each}`).toBe(
          more,
        );
        expect(org.draxis.current(each), each).toMatchObject({ timestampMs: atMs, value: pushedValue(truth, each) });
      }
    },
  );
});
