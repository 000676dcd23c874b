import { cleanText, displayWidth, pad, truncate } from './text.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Cells that are longer are cut. */
  readonly maximum?: number;
}

const gap = '  ';

/**
 * A table of untrusted text: cells are cleaned, columns as wide as their widest cell. Rows may be short. The last column
 * is not padded, so lines have no trailing spaces.
 */
export const printTable = (
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  options: { readonly style?: (cell: string, row: number, column: number) => string } = {},
): string => {
  const cells = rows.map((row) =>
    columns.map(({ maximum }, column) => truncate(cleanText(row[column] ?? ''), maximum ?? 10_000)),
  );
  const widths = columns.map(({ title }, column) =>
    Math.max(displayWidth(title), ...cells.map((row) => displayWidth(row[column] ?? ''))),
  );
  const print = (line: readonly string[], style: (cell: string, column: number) => string): string =>
    line
      .map((cell, column) => {
        const isLast = column === columns.length - 1 && columns[column]?.align !== 'right';
        return style(isLast ? cell : pad(cell, widths[column] ?? 0, columns[column]?.align), column);
      })
      .join(gap)
      .trimEnd();
  return [
    print(
      columns.map(({ title }) => title),
      (cell) => cell,
    ),
    print(
      widths.map((width) => '─'.repeat(width)),
      (cell) => cell,
    ),
    ...cells.map((line, row) => print(line, (cell, column) => options.style?.(cell, row, column) ?? cell)),
  ].join('\n');
};
