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
  readonly name: string;
  readonly title: string;
  readonly align: 'left' | 'right';
  readonly cell: (row: KriRow) => string;
  readonly paint: (row: KriRow, text: string) => string;
}

interface Measured extends ScreenColumn {
  readonly cells: readonly string[];
  readonly width: number;
}

const gap = '  ';

/** The live screen of one org, without a line break at its end; every line fits the width. */
export const renderKris = (view: KrisView, { width, colour }: ScreenOptions): string => {
  const paint = createPaint(colour);
  return [
    headline(view, width, paint),
    paint('gray', '─'.repeat(width)),
    ...kriTable(view, width, colour, paint),
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
    : [
        formatValue(row.lastPush.value, row.unit),
        formatClock(row.lastPush.asOfMs),
        ...(row.lastPush.outcome === 'accepted' ? [] : [row.lastPush.outcome]),
      ].join(' ');

/** The columns after the name. Where there is no room for the other definition, it stands in brackets behind the value. */
const toColumns = (historyWidth: number, now: number, otherInBrackets: boolean, paint: Paint): ScreenColumn[] => {
  const byLevel = (row: KriRow, text: string) => paint(levelStyles[row.level], text);
  const gray = (_: KriRow, text: string) => paint('gray', text);
  return [
    {
      name: 'value',
      title: otherInBrackets ? 'Value (other)' : '  Value',
      align: 'right',
      cell: (row) => {
        const other =
          otherInBrackets && otherText(row) !== '' ? ` (${formatValue(row.otherValue ?? null, row.unit)})` : '';
        return formatValue(row.value, row.unit) + other;
      },
      paint: byLevel,
    },
    { name: 'level', title: 'Level', align: 'left', cell: (row) => row.level, paint: byLevel },
    ...(otherInBrackets
      ? []
      : [{ name: 'other', title: 'Other', align: 'right', cell: otherText, paint: gray } satisfies ScreenColumn]),
    {
      name: 'history',
      title: 'History',
      align: 'left',
      cell: (row) => sparkline(row.history, historyWidth),
      paint: byLevel,
    },
    {
      name: 'coverage',
      title: 'Coverage',
      align: 'left',
      cell: stateText,
      paint: (row, text) => (row.status === 'ok' ? text : paint('yellow', text)),
    },
    {
      name: 'age',
      title: 'As of',
      align: 'right',
      cell: (row) => (row.asOfMs === undefined ? '—' : formatAge(row.asOfMs, now)),
      paint: (_, text) => text,
    },
    { name: 'push', title: 'Last push', align: 'left', cell: pushText, paint: gray },
  ];
};

const readableTitle = 24;

const kriTable = (view: KrisView, width: number, colour: boolean, paint: Paint): string[] => {
  const historyWidth = width >= 150 ? 24 : width >= 135 ? 16 : width >= 100 ? 12 : 8;
  // Where there is colour, the word for the level is what can go first; without, it is what must stay longest.
  const expendable = colour
    ? ['level', 'push', 'other', 'history', 'age', 'coverage']
    : ['push', 'other', 'history', 'age', 'coverage', 'level'];
  const measure = (columns: readonly ScreenColumn[]): Measured[] =>
    columns.map((column) => {
      const cells = view.rows.map((row) => cleanText(column.cell(row)));
      return {
        ...column,
        cells,
        width: Math.max(displayWidth(column.title), ...cells.map((cell) => displayWidth(cell))),
      };
    });
  const wanted = Math.max(5, ...view.rows.map(({ title }) => displayWidth(cleanText(title)) + 2));
  const roomFor = (columns: readonly Measured[]) =>
    width - columns.reduce((sum, column) => sum + column.width + gap.length, 0);
  const choose = (columns: readonly Measured[]): readonly Measured[] =>
    expendable.reduce<readonly Measured[]>(
      (kept, name) =>
        roomFor(kept) >= Math.min(wanted, readableTitle) ? kept : kept.filter((column) => column.name !== name),
      columns,
    );
  const roomy = choose(measure(toColumns(historyWidth, view.now, false, paint)));
  const differs = view.rows.some((row) => otherText(row) !== '');
  const columns =
    differs && !roomy.some(({ name }) => name === 'other')
      ? choose(measure(toColumns(historyWidth, view.now, true, paint)))
      : roomy;
  const titleWidth = Math.max(5, Math.min(wanted, roomFor(columns)));
  const line = (first: string, toCell: (column: Measured) => string): string =>
    [first, ...columns.map(toCell)].join(gap).trimEnd();
  return [
    paint(
      'gray',
      line(pad('  KRI', titleWidth), (column) => pad(column.title, column.width, column.align)),
    ),
    ...view.rows.map((row, index) => {
      const title = pad(truncate(cleanText(row.title), titleWidth - 2), titleWidth - 2);
      return line(`${paint(levelStyles[row.level], '●')} ${title}`, (column) =>
        column.paint(row, pad(column.cells[index] ?? '', column.width, column.align)),
      );
    }),
  ];
};

const ingestLine = (view: KrisView, width: number, paint: Paint): string => {
  const { eventsPerSecond, eventsTotal, asOfMs, lagMs } = view.ingest;
  const rate = eventsPerSecond >= 10 ? formatCount(eventsPerSecond) : eventsPerSecond.toFixed(1);
  const text = [
    `${rate} events/s`,
    `${formatCount(eventsTotal)} log records`,
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
