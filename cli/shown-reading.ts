import type { Indicator, Thresholds } from '../processors/indicator.ts';
import { indicators } from '../processors/indicators/index.ts';
import type { Definition, Reading } from '../schemas/reading.ts';
import type { Slug } from '../schemas/slugs.ts';

export type Level = 'green' | 'amber' | 'red' | 'unknown';

/** A reading as people and programs are given it: the chosen definition's value beside both, and its level. */
export interface ShownReading extends Reading {
  readonly value: number | null;
  readonly definition: Definition;
  readonly level: Level;
}

export const indicatorOf = (slug: Slug): Indicator => {
  const indicator = indicators.find((candidate) => candidate.slug === slug);
  if (indicator === undefined) throw new Error(`No indicator has the slug ${slug}.`);
  return indicator;
};

export const toLevel = (value: number | null, { warn, critical, direction }: Thresholds): Level => {
  if (value === null) return 'unknown';
  const reaches = (limit: number) => (direction === 'higher-is-worse' ? value >= limit : value <= limit);
  if (reaches(critical)) return 'red';
  return reaches(warn) ? 'amber' : 'green';
};

/** What an org's configuration says of how its readings are shown. */
export interface Presentation {
  readonly definitions: Readonly<Partial<Record<Slug, Definition>>>;
  readonly thresholds: Readonly<Partial<Record<Slug, Thresholds>>>;
}

export const thresholdsOf = (slug: Slug, presentation: Presentation): Thresholds =>
  presentation.thresholds[slug] ?? indicatorOf(slug).thresholds;

export const toShownReading = (reading: Reading, presentation: Presentation): ShownReading => {
  const definition = presentation.definitions[reading.slug] ?? 'draxis';
  const { value } = reading[definition];
  return { ...reading, value, definition, level: toLevel(value, thresholdsOf(reading.slug, presentation)) };
};
