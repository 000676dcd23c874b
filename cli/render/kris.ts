import { createPaint, levelStyles, type Paint } from './colour.ts';
import { progressBar } from './progress-bar.ts';
import { formatAge, formatClock, formatCount, formatDuration, formatShare, formatValue } from './quantities.ts';
import { sparkline } from './sparkline.ts';
import { cleanText, displayWidth, pad, truncate } from './text.ts';
import type { KriRow, KrisView, SweepRow } from './view.ts';

export interface ScreenOptions {
  /** Columns of the terminal. Made for 100 to 140; below, the least needed columns go first. */
  readonly width: number;
  readonly colour: boolean;
}

interface ScreenColumn {
  readonly title: string;
  readonly align: 'left' | 'right';
  readonly cell: (row: KriRow) => string;
  readonly paint?: (row: KriRow, text: string) => string;
}

const gap = '  ';

/** The live screen of one org, without a line break at its end; every line fits the width. */
export const renderKris = (view: KrisView, { width, colour }: ScreenOptions): string => {
  const paint = createPaint(colour);
  return [
    headline(view, width, paint),
    paint('gray', '─'.repeat(width)),
    ...kriTable(view, width, paint),
    '',
    ingestLine(view, width, paint),
    ...view.sweeps.map((sweep) => sweepLine(sweep, width, paint)),
    ...(view.messages.length === 0
      ? []
      : ['', ...view.messages.map((text) => truncate(`  ${cleanText(text)}`, width))]),
  ].join('\n');
};

const headline = (view: KrisView, width: number, paint: Paint): string => {
  const clock = `${new Date(view.now).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
  const org = truncate(cleanText(view.org), Math.max(0, width - clock.length - 9));
  return `${paint('bold', 'Kriver')} ${org}${pad(clock, width - 7 - displayWidth(org), 'right')}`;
};

/** The other definition's value, named so that the two are never taken for each other. */
const otherText = (row: KriRow): string =>
  row.otherDefinition === undefined || row.otherValue === undefined
    ? ''
    : `${formatValue(row.otherValue, row.unit)} ${row.otherDefinition}`;

const stateText = (row: KriRow): string => {
  const share = formatShare(row.coverage);
  if (row.status === 'ok') return share;
  const why = row.reason ?? row.status;
  return row.status === 'unknown' ? why : `${share} ${why}`;
};

const pushText = (row: KriRow): string =>
  row.lastPush === undefined
    ? '—'
    : `${formatValue(row.lastPush.value, row.unit)} ${formatClock(row.lastPush.asOfMs)} ${row.lastPush.outcome}`;

const kriTable = (view: KrisView, width: number, paint: Paint): string[] => {
  const historyWidth = width >= 130 ? 24 : width >= 110 ? 16 : width >= 90 ? 12 : 8;
  const columns: ScreenColumn[] = [
    {
      title: '  Value',
      align: 'right',
      cell: (row) => formatValue(row.value, row.unit),
      paint: (row, text) => paint(levelStyles[row.level], text),
    },
    {
      title: 'Level',
      align: 'left',
      cell: (row) => row.level,
      paint: (row, text) => paint(levelStyles[row.level], text),
    },
    { title: 'Other', align: 'right', cell: otherText, paint: (_, text) => paint('gray', text) },
    {
      title: 'History',
      align: 'left',
      cell: (row) => sparkline(row.history, historyWidth),
      paint: (row, text) => paint(levelStyles[row.level], text),
    },
    {
      title: 'Coverage',
      align: 'left',
      cell: stateText,
      paint: (row, text) => (row.status === 'ok' ? text : paint('yellow', text)),
    },
    {
      title: 'As of',
      align: 'right',
      cell: (row) => (row.asOfMs === undefined ? '—' : formatAge(row.asOfMs, view.now)),
    },
    { title: 'Last push', align: 'left', cell: pushText, paint: (_, text) => paint('gray', text) },
  ];
  const cells = columns.map(({ cell }) => view.rows.map((row) => cleanText(cell(row))));
  const widths = columns.map(({ title }, index) =>
    Math.max(displayWidth(title), ...(cells[index] ?? []).map(displayWidth)),
  );
  const shown = chooseColumns(
    columns,
    widths,
    width,
    Math.max(3, ...view.rows.map(({ title }) => displayWidth(cleanText(title)) + 2)),
  );
  const titleWidth = shown.titleWidth;
  const line = (first: string, rest: (index: number) => string): string =>
    [first, ...shown.columns.map(rest)].join(gap).trimEnd();
  return [
    paint(
      'gray',
      line(pad('  KRI', titleWidth), (index) =>
        pad(columns[index]?.title ?? '', widths[index] ?? 0, columns[index]?.align),
      ),
    ),
    ...view.rows.map((row, number) =>
      line(
        `${paint(levelStyles[row.level], '●')} ${pad(truncate(cleanText(row.title), titleWidth - 2), titleWidth - 2)}`,
        (index) => {
          const column = columns[index];
          const text = pad(cells[index]?.[number] ?? '', widths[index] ?? 0, column?.align);
          return column?.paint?.(row, text) ?? text;
        },
      ),
    ),
  ];
};

/** Columns by number, the least needed first: they go until the others and a readable title fit. */
const expendable = [1, 6, 2, 3, 5, 4];
const readableTitle = 24;

const chooseColumns = (
  columns: readonly ScreenColumn[],
  widths: readonly number[],
  width: number,
  wantedTitle: number,
): { readonly columns: readonly number[]; readonly titleWidth: number } => {
  let kept = columns.map((_, index) => index);
  const left = () => width - kept.reduce((sum, index) => sum + (widths[index] ?? 0) + gap.length, 0);
  for (const index of expendable) {
    if (left() >= Math.min(wantedTitle, readableTitle)) break;
    kept = kept.filter((other) => other !== index);
  }
  return { columns: kept, titleWidth: Math.max(3, Math.min(wantedTitle, left())) };
};

const ingestLine = (view: KrisView, width: number, paint: Paint): string => {
  const { eventsPerSecond, eventsTotal, asOfMs, lagMs } = view.ingest;
  const rate = eventsPerSecond >= 10 ? formatCount(eventsPerSecond) : eventsPerSecond.toFixed(1);
  const text = [
    `${rate} events/s`,
    `${formatCount(eventsTotal)} events`,
    asOfMs === undefined ? 'nothing read yet' : `read up to ${formatAge(asOfMs, view.now)}`,
    ...(lagMs === undefined ? [] : [`lag ${formatDuration(lagMs)}`]),
  ].join(' · ');
  return `${paint('gray', pad('  System Log', 14))}${truncate(text, width - 14)}`;
};

const sweepLine = (sweep: SweepRow, width: number, paint: Paint): string => {
  const barWidth = width >= 100 ? 30 : 16;
  const name = paint('gray', pad(truncate(`  ${cleanText(sweep.kind)}`, 13), 14));
  const read = formatCount(sweep.read);
  if (sweep.completed) return `${name}${paint('green', '✓')} ${read} read`;
  if (sweep.wanted === null) return `${name}${read} read, how many there are is not known yet`;
  const share = sweep.wanted === 0 ? 1 : sweep.read / sweep.wanted;
  return `${name}${paint('cyan', progressBar(share, barWidth))} ${pad(formatShare(share), 5, 'right')}  ${read} of ${formatCount(sweep.wanted)}`;
};
