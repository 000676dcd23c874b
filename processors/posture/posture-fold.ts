import type { Progress } from '../../schemas/progress.ts';
import { type Reading, type Score, toVersion } from '../../schemas/reading.ts';
import type { Slug } from '../../schemas/slugs.ts';
import { minuteToMs, passedMinute, toTimestamp } from '../../schemas/time.ts';
import { addToDigest, emptyDigest, toDigestText, toEvidenceHash } from '../digest.ts';
import type { CoveredOutcome, PostureScored } from '../indicator.ts';
import type { StateChanges } from '../state.ts';
import { toScore, toSourceReason } from '../to-score.ts';

/** The fold of one org's snapshots of one topic: a reading at each new minute that a progress record passed. */
export interface PostureFold {
  record(value: unknown): void;
  progress(progress: Progress, offset: number): readonly Reading[];
  takeChanges(): StateChanges;
}

/** The directory that the indicators of a topic share, and each indicator's score of it. */
export interface PostureSource {
  fold(value: unknown): void;
  revision(): number;
  takeChanges(): StateChanges;
  readonly scores: readonly { readonly slug: Slug; readonly score: (progress: Progress) => PostureScored }[];
}

/** The digest of a changing set of evidence: only what enters, leaves or changes its class is hashed. */
const createEvidenceDigest = () => {
  let known: ReadonlyMap<string, string> = new Map();
  const digest = emptyDigest();
  return (evidence: ReadonlyMap<string, string>): string => {
    for (const [id, membership] of evidence) {
      const before = known.get(id);
      if (before === membership) continue;
      if (before !== undefined) addToDigest(digest, toEvidenceHash(`${id}|${before}`), -1);
      addToDigest(digest, toEvidenceHash(`${id}|${membership}`));
    }
    for (const [id, membership] of known) {
      if (!evidence.has(id)) addToDigest(digest, toEvidenceHash(`${id}|${membership}`), -1);
    }
    known = evidence;
    return toDigestText(digest);
  };
};

const toCoverage = ({ read, wanted }: CoveredOutcome): number =>
  wanted === 0 ? 1 : Math.floor((read / wanted) * 1e6) / 1e6;

export const createPostureFold = (options: {
  readonly org: string;
  readonly source: PostureSource;
  readonly saved: Iterable<readonly [string, unknown]>;
  readonly epoch?: number;
}): PostureFold => {
  const { org, source, epoch = 0 } = options;
  const indicators = source.scores.map(({ slug, score }) => ({ slug, score, digest: createEvidenceDigest() }));
  const cache = new Map<Slug, { key: string; scored: PostureScored; digest: string }>();
  let newest: number | undefined;
  let changes = new Map<string, unknown>();
  for (const [key, value] of options.saved) if (key === 'newest') newest = Number(value);

  return {
    record: source.fold,
    progress: (progress, offset) => {
      const passed = passedMinute(Date.parse(progress.asOf));
      const isNew = progress.state === 'ok' && (newest === undefined || passed > newest);
      const neverAllowed =
        newest === undefined && progress.spans.length === 0 && toSourceReason(progress.state) !== undefined;
      if (!isNew && !neverAllowed) return [];
      newest = passed;
      changes.set('newest', passed);
      const blocked = neverAllowed ? toSourceReason(progress.state) : undefined;
      const key = `${source.revision()}|${progress.engine}`;
      return indicators.map(({ slug, score, digest }): Reading => {
        let entry = cache.get(slug);
        if (entry?.key !== key) {
          const scored = score(progress);
          entry = { key, scored, digest: digest(scored.evidence) };
          cache.set(slug, entry);
        }
        const { scored } = entry;
        const toDefinition = (outcome: CoveredOutcome): Score =>
          toScore({ outcome, coverage: toCoverage(outcome), deadLetters: false, blocked });
        return {
          org,
          slug,
          asOf: toTimestamp(minuteToMs(passed)),
          draxis: toDefinition(scored.draxis),
          corrected: toDefinition(scored.corrected),
          measures: scored.measures,
          version: toVersion(epoch, offset),
          digest: entry.digest,
        };
      });
    },
    takeChanges: () => {
      const taken = new Map([...source.takeChanges(), ...changes]);
      changes = new Map();
      return taken;
    },
  };
};
