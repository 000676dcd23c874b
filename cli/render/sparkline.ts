const blocks = '▁▂▃▄▅▆▇█';

/** The values in at most `width` steps: of each stretch the last known one, which is what held at its end. */
export const resample = (values: readonly (number | null)[], width: number): (number | null)[] => {
  if (values.length <= width) return [...values];
  return Array.from({ length: width }, (_, step) => {
    const from = Math.floor((step * values.length) / width);
    const to = Math.floor(((step + 1) * values.length) / width);
    return values.slice(from, to).findLast((value) => value !== null) ?? null;
  });
};

/**
 * One character a value, from the lowest to the highest of them; `·` where nothing is known. Values that are all the
 * same lie at the bottom when they are 0, else in the middle.
 */
export const sparkline = (values: readonly (number | null)[], width: number = values.length): string => {
  const steps = resample(values, width);
  const known = steps.filter((value) => value !== null);
  const lowest = Math.min(...known);
  const span = Math.max(...known) - lowest;
  return steps
    .map((value) => {
      if (value === null) return '·';
      if (span === 0) return value === 0 ? blocks[0] : blocks[3];
      return blocks[Math.round(((value - lowest) / span) * (blocks.length - 1))];
    })
    .join('');
};
