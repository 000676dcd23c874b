const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A bar of `width` columns, in steps of an eighth of one. The share is held to 0..1. */
export const progressBar = (share: number, width: number): string => {
  const filled = Math.round(Math.min(Math.max(Number.isFinite(share) ? share : 0, 0), 1) * width * 8);
  const whole = Math.floor(filled / 8);
  const bar = '█'.repeat(whole) + (eighths[filled % 8] ?? '');
  return bar + '░'.repeat(width - whole - (filled % 8 === 0 ? 0 : 1));
};
