import type { Logger } from 'pino';
import { type BusRecord, orgOfKey } from '../../runtime/bus/bus.ts';
import { progressKey, progressSchema } from '../../schemas/progress.ts';
import { readingSchema } from '../../schemas/reading.ts';
import { isSlug, type Slug } from '../../schemas/slugs.ts';
import { addReading, type PushSettings } from './decide.ts';
import { emptySlugState, type OrgState, orgStateOf } from './push-state.ts';

const parseJson = (value: Buffer): unknown => {
  try {
    return JSON.parse(value.toString('utf8'));
  } catch {
    return undefined;
  }
};

const foldProgress = (state: OrgState, value: unknown): boolean => {
  const parsed = progressSchema.safeParse(value);
  if (!parsed.success) return false;
  const { asOf } = parsed.data;
  if (state.logAsOf === null || asOf > state.logAsOf) state.logAsOf = asOf;
  return true;
};

const foldReading = (state: OrgState, value: unknown, settings: PushSettings): boolean => {
  const parsed = readingSchema.safeParse(value);
  if (!parsed.success) return false;
  const { slug } = parsed.data;
  state.slugs.set(slug, addReading(state.slugs.get(slug) ?? emptySlugState(), parsed.data, state.logAsOf, settings));
  return true;
};

/**
 * Takes records of kri.readings into the state. Orgs and KRIs that are not pushed are passed over; what cannot be read
 * is logged and passed over, for the ClickHouse sink reads the same topic and keeps it as a dead letter.
 * Returns the KRIs touched, by org.
 */
export const foldBatch = (
  orgs: Map<string, OrgState>,
  records: readonly BusRecord[],
  settingsOf: (org: string) => PushSettings | undefined,
  logger: Logger,
): Map<string, Set<Slug>> => {
  const touched = new Map<string, Set<Slug>>();
  for (const { key, value, offset } of records) {
    const org = orgOfKey(key);
    const settings = settingsOf(org);
    if (settings === undefined) continue;
    const isProgress = key === progressKey(org);
    const slug = key.split('/')[1] ?? '';
    const isPushed = isSlug(slug) && settings.selected.has(slug);
    if (!isProgress && !isPushed) continue;
    const state = orgStateOf(orgs, org);
    const slugsTouched = touched.get(org) ?? new Set();
    touched.set(org, slugsTouched);
    if (isPushed) slugsTouched.add(slug);
    const isRead = isProgress ? foldProgress(state, parseJson(value)) : foldReading(state, parseJson(value), settings);
    if (!isRead) logger.warn({ component: 'draxis', org, offset, key }, 'passed over a record that cannot be read');
  }
  return touched;
};
