import type { Reading } from '../../../schemas/reading.ts';
import { type Slug, slugs } from '../../../schemas/slugs.ts';
import { minuteMs, toTimestamp } from '../../../schemas/time.ts';
import type { PushSettings } from '../../../sinks/draxis/decide.ts';

export const startMs = Date.parse('2026-03-01T09:30:00Z');

/** T, as so many minutes after 09:30. */
export const at = (minutes: number): string => toTimestamp(startMs + minutes * minuteMs);

export const reading = (
  slug: Slug,
  minutes: number,
  value: number | null,
  more: Partial<Reading['draxis']> & { version?: number; corrected?: number; org?: string } = {},
): Reading => {
  const { version = minutes, corrected = value, org = 'acme', ...score } = more;
  const base = { numerator: value, denominator: null, status: value === null ? 'unknown' : 'ok', coverage: 1 } as const;
  return {
    org,
    slug,
    asOf: at(minutes),
    draxis: { ...base, value, ...score },
    corrected: { ...base, value: corrected },
    measures: {},
    version: String(version),
    digest: '0'.repeat(32),
  };
};

export const settings = (more: Partial<PushSettings> = {}): PushSettings => ({
  cadence: 'on-change',
  minimumCoverage: 0.95,
  latenessMs: 10 * minuteMs,
  selected: new Set(slugs),
  definitions: {},
  names: {},
  ...more,
});
