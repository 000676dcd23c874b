import { logIndicators } from '../../processors/indicators/index.ts';
import { createLogFold } from '../../processors/log/log-fold.ts';
import { encodeFacts } from '../../schemas/facts-header.ts';
import type { Progress } from '../../schemas/progress.ts';
import { dayMs, minuteToMs, passedMinute, toTimestamp } from '../../schemas/time.ts';
import { measure, readFacts, settings, type Workload } from './workload.ts';

const toProgress = (fromMs: number, minute: number): Progress => ({
  kind: 'progress',
  asOf: toTimestamp(minuteToMs(minute)),
  spans: [{ from: toTimestamp(fromMs), to: toTimestamp(minuteToMs(minute)) }],
  state: 'ok',
  engine: 'idx',
  scopes: [],
  deadLettered: [],
});

/** The log as ingest writes it: headers of events, and after each whole minute a progress record, by its minute. */
const readLog = async (file: string): Promise<{ log: readonly (string | number)[]; fromMs: number }> => {
  const log: (string | number)[] = [];
  let firstMs: number | undefined;
  let passed: number | undefined;
  for await (const batch of readFacts(file)) {
    for (const facts of batch) {
      const minute = passedMinute(facts.publishedMs);
      firstMs ??= facts.publishedMs;
      passed ??= minute;
      for (; passed < minute; passed += 1) log.push(passed + 1);
      // As a bus hands it out, decoded from bytes: what encodeFacts gives is still in pieces.
      log.push(Buffer.from(encodeFacts(facts)).toString('utf8'));
    }
  }
  return { log, fromMs: (firstMs ?? 0) - 2 * dayMs };
};

/**
 * The fold of the live log from the headers of its records: all log KRIs, progress at every whole minute, a reading for
 * each. The log is said to be read from two days before the first event, so that every minute has its reading from the first on.
 */
export const foldFacts: Workload = async (file) => {
  const { log, fromMs } = await readLog(file);
  return measure(() => {
    const fold = createLogFold({ settings, indicators: logIndicators, saved: [] });
    let minutes = 0;
    let readings = 0;
    for (const [offset, record] of log.entries()) {
      if (typeof record === 'number') {
        readings += fold.progress(toProgress(fromMs, record), offset).length;
        fold.takeChanges();
        minutes += 1;
      } else if (!fold.header(record)) throw new Error('A header is of another version.');
    }
    if (readings < minutes * logIndicators.length) throw new Error('A minute has no reading.');
    return log.length - minutes;
  });
};
