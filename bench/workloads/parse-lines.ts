import { createReadStream } from 'node:fs';
import { measure, type Workload } from './workload.ts';

/**
 * What every figure is a ratio of: splits lines and parses them, and does nothing else. It uses none of Kriver's code, so
 * that it gets neither slower nor faster with it.
 */
export const parseLines: Workload = (file) =>
  measure(async () => {
    let events = 0;
    let rest = '';
    for await (const chunk of createReadStream(file, { encoding: 'utf8' })) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        JSON.parse(line);
        events += 1;
      }
    }
    return events;
  });
