export const median = (figures: readonly number[]): number => {
  const sorted = [...figures].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
};

export const toRange = (figures: readonly number[]): string =>
  `${Math.min(...figures).toFixed(2)} to ${Math.max(...figures).toFixed(2)}`;
