import type { EvidenceItem } from '../../processors/explain/evidence.ts';
import { explainReading } from '../../processors/explain/explain-reading.ts';
import { AppError } from '../../runtime/errors.ts';
import type { Definition } from '../../schemas/reading.ts';
import type { Slug } from '../../schemas/slugs.ts';
import { toTimestamp } from '../../schemas/time.ts';
import type { OrgConfig } from '../config/config.ts';
import { type ShownReading, toShownReading } from '../shown-reading.ts';
import { toIndicatorSettings } from '../stages.ts';
import { findReading } from './find-reading.ts';
import type { QuerySource } from './queries.ts';

/** Nobody acts on more, and an answer has to end somewhere. */
export const mostItems = 50_000;

export interface WhyOptions {
  readonly org: string | undefined;
  readonly slug: Slug;
  readonly atMs: number | undefined;
  /** How many items are wanted; at most `mostItems`. */
  readonly limit?: number | undefined;
}

/** What `kriver why --json` prints of one org. */
export interface WhyReport {
  readonly org: string;
  readonly slug: Slug;
  readonly asOf: string;
  /** The definition that is shown: what it counts is listed first. */
  readonly definition: Definition;
  readonly reading: ShownReading;
  /**
   * What the items add up to by each definition: the reading's numerator or, of a percentage, what its numerator lacks to
   * its denominator.
   */
  readonly counted: Readonly<Record<Definition, number>>;
  /** How many items there are, listed or not. */
  readonly total: number;
  readonly items: readonly EvidenceItem[];
  readonly truncated: boolean;
  /** False when the topics no longer hold all that the reading was made of, or rules or settings changed since. */
  readonly matches: boolean;
}

const noReading = (org: string, slug: Slug, atMs: number | undefined): AppError =>
  new AppError(
    'data-invalid',
    `${org} has no reading of ${slug}${atMs === undefined ? '' : ` at or before ${toTimestamp(atMs)}`}.`,
    {
      hint:
        atMs === undefined
          ? 'Readings come with `kriver run` or `kriver once`.'
          : 'Give a later time; `kriver kris` shows the newest. Older readings are in ClickHouse: `kriver sql`.',
    },
  );

/** The newest reading at or before the asked moment, with what it counted. Throws `data-invalid` when there is none. */
export const explainWhy = async (
  source: Pick<QuerySource, 'bus'>,
  org: OrgConfig,
  options: WhyOptions,
): Promise<WhyReport> => {
  const { bus } = source;
  const { slug, atMs } = options;
  const reading = await findReading(bus, { org: org.name, slug, atMs });
  if (reading === undefined) throw noReading(org.name, slug, atMs);
  const shown = toShownReading(reading, org);
  const { definition } = shown;
  const settings = toIndicatorSettings(org);
  const { items, counted, matches } = await explainReading({ bus, settings, reading, definition });
  const limit = Math.min(options.limit ?? mostItems, mostItems);
  return {
    org: org.name,
    slug,
    asOf: reading.asOf,
    definition,
    reading: shown,
    counted,
    total: items.length,
    items: items.slice(0, limit),
    truncated: items.length > limit,
    matches,
  };
};
