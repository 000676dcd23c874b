import { writeFileSync } from 'node:fs';

/**
 * Loaded before a program (`node --import`), it writes the largest memory that the process had, in bytes, to the file
 * named by KRIVER_BENCH_PEAK when the process ends.
 */
process.on('exit', () => {
  const path = process.env['KRIVER_BENCH_PEAK'];
  if (path !== undefined) writeFileSync(path, String(process.resourceUsage().maxRSS * 1024));
});
