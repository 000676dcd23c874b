/** One line of what a benchmark found. */
export interface Figure {
  readonly what: string;
  readonly measured: string;
  readonly target?: string;
  readonly passes?: boolean;
}

export const printFigures = (figures: readonly Figure[]): void => {
  for (const { what, measured, target = '', passes } of figures) {
    const verdict = passes === undefined ? '' : passes ? 'pass' : 'FAIL';
    process.stdout.write(`${what.padEnd(58)} ${measured.padStart(8)}   ${target.padEnd(16)} ${verdict}\n`);
  }
};
