import { logIndicators } from '../../processors/indicators/index.ts';
import { createLogFold } from '../../processors/log/log-fold.ts';
import { decodeFacts, encodeFacts } from '../../schemas/facts-header.ts';
import type { Progress } from '../../schemas/progress.ts';
import { minuteToMs, passedMinute, toTimestamp } from '../../schemas/time.ts';
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

/**
 * The fold of the live log from the headers of its records: all log KRIs, progress at every whole minute, a reading for
 * each. The log is said to be read from a day before the first event, so that every minute has its reading from the first on.
 */
export const foldFacts: Workload = async (file) => {
  const headers: string[] = [];
  for await (const batch of readFacts(file)) for (const facts of batch) headers.push(encodeFacts(facts));
  return measure(() => {
    const fold = createLogFold({ settings, indicators: logIndicators, saved: [] });
    let fromMs: number | undefined;
    let passed = Number.POSITIVE_INFINITY;
    let minutes = 0;
    let readings = 0;
    for (const [offset, header] of headers.entries()) {
      const facts = decodeFacts(header);
      if (facts === undefined) throw new Error('A header is of another version.');
      const minute = passedMinute(facts.publishedMs);
      fromMs ??= facts.publishedMs - 2 * 86_400_000;
      if (passed === Number.POSITIVE_INFINITY) passed = minute;
      for (; passed < minute; passed += 1) {
        readings += fold.progress(toProgress(fromMs, passed + 1), offset).length;
        fold.takeChanges();
        minutes += 1;
      }
      fold.event(facts);
    }
    if (readings < minutes * logIndicators.length) throw new Error('A minute has no reading.');
    return headers.length;
  });
};
