export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;
export const minutesPerDay = 1_440;

/** ISO 8601 in UTC with milliseconds, as Okta writes `published`. */
const isoTimestamp = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z$/;

/**
 * Milliseconds since the epoch, or undefined when the text is no real UTC date. A date that does not survive parse and
 * print is refused: V8 turns 31 September into 1 October. Fractions finer than a millisecond are cut.
 */
export const parseTimestamp = (text: unknown): number | undefined => {
  if (typeof text !== 'string' || !isoTimestamp.test(text)) return undefined;
  const time = Date.parse(text);
  // Whatever V8 carries over, a day too many or the hour 24, ends on another day of the month. NaN equals no day.
  return new Date(time).getUTCDate() === Number(text.slice(8, 10)) ? time : undefined;
};

export const toTimestamp = (timeMs: number): string => new Date(timeMs).toISOString();

/**
 * The grid minute of an event: the smallest whole minute T (counted in minutes since the epoch) with published <= T.
 * `ceil` and not `floor`, so that an event at exactly T belongs to the window that ends at T.
 */
export const toMinute = (timeMs: number): number => Math.ceil(timeMs / minuteMs);

/** The last whole minute at or before a moment: the newest T that an asOf has passed. */
export const passedMinute = (timeMs: number): number => Math.floor(timeMs / minuteMs);

export const minuteToMs = (minute: number): number => minute * minuteMs;
