/** What a page of the System Log says about time. */
export interface PageTimes {
  /** Date of the response, in milliseconds since the epoch. */
  readonly dateMs: number;
  /** `published` of the page's usable events, in milliseconds, in any order. */
  readonly publishedMs: readonly number[];
  /** True when the page was as long as the limit, so that more may follow. */
  readonly full: boolean;
  /** How many elements the page had, unusable ones too. */
  readonly size: number;
}

/** The lower median; the page's order is that of persistence, so one straggler says nothing about the rest. */
const median = (values: readonly number[]): number | undefined =>
  [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)];

/**
 * How far the log is read after one page. Empty: up to the response's Date. Short: min(Date, newest published). Full:
 * min(Date, median published), since a few future or skewed events must not carry the mark over what is still to
 * come. Undefined when a page had events but none whose date is usable. The caller keeps the running maximum.
 */
export const pageAsOf = (page: PageTimes): number | undefined => {
  if (page.size === 0) return page.dateMs;
  const reached = page.full ? median(page.publishedMs) : page.publishedMs.reduce((a, b) => Math.max(a, b), -Infinity);
  return reached === undefined || reached === -Infinity ? undefined : Math.min(page.dateMs, reached);
};
