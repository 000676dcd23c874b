import { afterEach, describe, expect, it } from 'vitest';
import { definitions } from '../../schemas/reading.ts';
import { toSampleRank } from '../../schemas/sample.ts';
import { type Slug, slugs } from '../../schemas/slugs.ts';
import type { TruthTable } from '../../simulator/index.ts';
import { expectTruth, toExpected } from './expect-truth.ts';
import { createWorkspace, once, query, type Workspace } from './in-process.ts';
import { hourMs, minuteMs, type Org, type OrgOptions, openOrg, startMs } from './simulated-org.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const open = async (options: OrgOptions, ingest: Readonly<Record<string, unknown>>) => {
  const org = await openOrg(options);
  const workspace = createWorkspace({ orgs: [{ name: 'acme', ingest }] });
  closers.push(org.close, workspace.remove);
  return { org, workspace, pass: () => once({ workspace, environment: org.environment, clock: org.clock }) };
};

interface Row {
  slug: Slug;
  at: string;
  draxis: [string | null, string | null, string];
  corrected: [string | null, string | null, string];
}

const half = (definition: string) =>
  `(${definition}_numerator, ${definition}_denominator, concat(${definition}_status, ': ', ifNull(${definition}_reason, '')))`;

/** The stored readings of the last day, each half an hour: of every indicator of the log, and of posture when there is one. */
const expectStoredTruth = async (workspace: Workspace, org: Org): Promise<number> => {
  const nowMs = org.clock.now();
  const rows = await query<Row>(
    workspace,
    `SELECT slug, toString(toUnixTimestamp(as_of)) AS at, ${half('draxis')} AS draxis, ${half('corrected')} AS corrected
     FROM readings FINAL WHERE as_of > toDateTime(${(nowMs - 24 * hourMs) / 1000}) AND toUnixTimestamp(as_of) % 1800 = 0`,
  );
  const { engine } = org.world.options;
  const truths = new Map<number, TruthTable>();
  const number = (text: string | null) => (text === null ? null : Number(text));
  for (const { slug, at, ...row } of rows) {
    const atMs = Number(at) * 1000;
    const truth = truths.get(atMs) ?? org.truthAt(atMs);
    truths.set(atMs, truth);
    for (const definition of definitions) {
      const [numerator, denominator, status] = row[definition];
      const found = status.startsWith('unknown') ? status : [number(numerator), number(denominator)];
      expect(found, `${slug} ${definition} stored at ${new Date(atMs).toISOString()}`).toEqual(
        toExpected(slug, definition, truth, engine),
      );
    }
  }
  return rows.length;
};

const logSlugs = ['okta_impossible_travel_24h', 'okta_admin_session_outliers_24h', 'okta_failed_mfa_push_24h'] as const;

describe('kriver once on a simulated org', () => {
  it.each([
    ['idx', 1, 216],
    ['v1', 2, 72],
    ['idx', 3, 72],
    ['v1', 4, 72],
  ] as const)(
    'gives the truth of an org of engine %s (seed %i, %i h of log), now, a day back and after an hour',
    async (engine, seed, hours) => {
      const { org, workspace, pass } = await open({ engine, seed, historyHours: hours }, { lookback_hours: hours });

      const first = await pass();
      expect(first.code).toBe(0);
      expect(first.report.readings.map(({ slug }) => slug)).toEqual([...slugs]);
      expectTruth(first.report.readings, org);
      for (const slug of logSlugs) {
        expect(first.readingOf(slug).asOf).toBe(new Date(startMs - 10 * minuteMs).toISOString());
      }
      // Corrected sessions look eight days back, so three days of log can only give a part of them.
      expect(first.readingOf('okta_admin_session_outliers_24h').corrected).toMatchObject(
        hours === 216 ? { status: 'ok', coverage: 1 } : { status: 'partial', reason: 'coverage' },
      );
      expect(await expectStoredTruth(workspace, org)).toBe(3 * 48 + 4);

      // What came is folded, late events and changes of posture too.
      org.clock.advance(90 * minuteMs);
      const second = await pass();
      expect(second.code).toBe(0);
      expectTruth(second.report.readings, org);
      expect(await expectStoredTruth(workspace, org)).toBe(3 * 48 + 8);
    },
  );

  it('counts the sample alone by the draxis definition, and says that the rest is not read yet', async () => {
    const { org, pass } = await open({ seed: 5 }, { user_sample_cap: 30 });
    const { readingOf } = await pass();

    const active = org.world.posture.usersAt(startMs).filter(({ status }) => status === 'ACTIVE');
    const ranked = active
      .map(({ person }) => person.id)
      .sort((a, b) => (toSampleRank('acme', a) < toSampleRank('acme', b) ? -1 : 1));
    const sample = new Set(ranked.slice(0, 30));
    const truth = org.truthAt(startMs, { sampled: (id: string) => sample.has(id) });
    for (const slug of ['okta_mfa_adoption_pct', 'okta_phish_resistant_mfa_pct'] as const) {
      const { draxis, corrected } = readingOf(slug);
      expect(draxis).toMatchObject({ ...truth[slug].draxis, status: 'ok', coverage: 1 });
      expect(corrected).toMatchObject({ status: 'partial', reason: 'coverage' });
      expect(corrected.coverage).toBeCloseTo(30 / active.length, 3);
    }
  });
});
