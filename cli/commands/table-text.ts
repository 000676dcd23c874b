import { formatCount } from '../render/quantities.ts';

/** The most rows that a table for people has; --json gives all. */
export const shownRows = 50;

/** Says how many there are, always, and where the rest is. */
export const toRowsLine = (total: number, what: string): string =>
  total > shownRows
    ? `\n${shownRows} of ${formatCount(total)} ${what}; --json lists all.\n`
    : `\n${formatCount(total)} ${what}.\n`;

/** `2026-03-01 12:00:03`, UTC. */
export const toShownTime = (timestamp: string): string => timestamp.slice(0, 19).replace('T', ' ');
