import { formatAge, formatCount, formatShare, formatValue } from './quantities.ts';
import { printTable } from './table.ts';
import { cleanText } from './text.ts';
import type { KriRow, KrisView } from './view.ts';

/** The report of a single pass: plain text without colours, for terminals, files and mails alike. */
export const renderReport = (view: KrisView): string => {
  const table = printTable(
    [
      { title: 'KRI', maximum: 44 },
      { title: 'Value', align: 'right' },
      { title: 'Other', align: 'right' },
      { title: 'Level' },
      { title: 'Coverage' },
      { title: 'As of (UTC)' },
      { title: 'Pushed' },
    ],
    view.rows.map((row) => [
      row.title,
      formatValue(row.value, row.unit),
      row.otherDefinition === undefined || row.otherValue === undefined
        ? ''
        : `${formatValue(row.otherValue, row.unit)} ${row.otherDefinition}`,
      row.level,
      stateOf(row),
      row.asOfMs === undefined ? '—' : minuteOf(row.asOfMs),
      row.lastPush?.outcome ?? '—',
    ]),
  );
  const { eventsTotal, asOfMs } = view.ingest;
  const read = `${formatCount(eventsTotal)} log records${asOfMs === undefined ? '' : `, read up to ${formatAge(asOfMs, view.now)}`}`;
  return [
    `${cleanText(view.org)}: ${read}`,
    '',
    table,
    ...view.messages.map((text, index) => (index === 0 ? '\n' : '') + cleanText(text)),
  ].join('\n');
};

/** One line a change of a KRI, for output that is no terminal: `2026-03-01 12:00 acme okta_… 92.4 % green`. */
export const renderChange = (
  row: KriRow & { readonly org: string; readonly previous?: number | null | undefined },
): string => {
  const before = row.previous === undefined ? '' : ` (was ${formatValue(row.previous, row.unit)})`;
  const state = row.status === 'ok' ? '' : ` ${row.status}${row.reason === undefined ? '' : `: ${row.reason}`}`;
  const time = row.asOfMs === undefined ? '—' : minuteOf(row.asOfMs);
  return cleanText(`${time} ${row.org} ${row.slug} ${formatValue(row.value, row.unit)}${before} ${row.level}${state}`);
};

const minuteOf = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 16).replace('T', ' ');

const stateOf = (row: KriRow): string => {
  if (row.status === 'ok') return formatShare(row.coverage);
  return `${row.status === 'partial' ? `${formatShare(row.coverage)} ` : ''}${row.status}${row.reason === undefined ? '' : `: ${row.reason}`}`;
};
