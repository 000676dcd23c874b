import type { Progress, SourceState } from '../../schemas/progress.ts';
import { passedMinute, toTimestamp } from '../../schemas/time.ts';
import { type OrgRun, unlessFull } from './org-run.ts';
import { toProgressRecord } from './to-records.ts';

const heartbeatMs = 50_000;

/** The progress of one snapshot topic of one org. */
export interface PostureProgress {
  /** Publishes what was observed at a Date of Okta's; the minute that this Date leaves behind gets its progress before. */
  observe(dateMs: number, publish: () => Promise<void>): Promise<void>;
  /** Says that all is published that will be for now; nothing when that was said already. */
  flush(): Promise<void>;
  setState(state: SourceState): Promise<void>;
  heartbeat(): Promise<void>;
  asOfMs(): number | undefined;
}

/**
 * A fold emits one posture reading a minute, at the first progress of that minute, and never revises it. So the
 * progress of a minute is published when the minute is over or the sweep is: published at its beginning, the reading of
 * a sweep that ends within the same minute would lack all but the first answers.
 */
export const createPostureProgress = (run: OrgRun, topic: string, restored: Progress | undefined): PostureProgress => {
  let asOfMs = restored === undefined ? undefined : Date.parse(restored.asOf);
  let publishedMs = asOfMs;
  let state: SourceState = restored?.state ?? 'ok';
  let publishedState = state;
  let publishedAtMs = Number.NEGATIVE_INFINITY;

  const write = async (atMs: number | undefined): Promise<void> => {
    if (atMs === undefined) return;
    publishedAtMs = run.clock.now();
    const progress: Progress = {
      kind: 'progress',
      asOf: toTimestamp(atMs),
      spans: [],
      state,
      engine: run.engine,
      scopes: [],
      deadLettered: [],
    };
    await run.publish([toProgressRecord(topic, run.org, progress)]);
    publishedMs = atMs;
    publishedState = progress.state;
  };

  return {
    observe: async (dateMs, publish) => {
      const minuteOver = asOfMs !== undefined && passedMinute(dateMs) > passedMinute(asOfMs);
      if (minuteOver && asOfMs !== publishedMs && run.until === 'stopped') await write(asOfMs);
      await publish();
      asOfMs = Math.max(asOfMs ?? dateMs, dateMs);
    },
    flush: async () => {
      if (asOfMs !== publishedMs || state !== publishedState) await write(asOfMs);
    },
    setState: async (next) => {
      if (asOfMs === undefined && next !== 'ok') asOfMs = run.okta.dateMs();
      if (next === state) return;
      state = next;
      // A source that was never read has nothing published to repeat: what is said of it is said at Okta's present.
      if (next !== 'ok') await unlessFull(write(publishedMs ?? asOfMs));
    },
    heartbeat: async () => {
      if (run.clock.now() - publishedAtMs >= heartbeatMs) await unlessFull(write(publishedMs));
    },
    asOfMs: () => asOfMs,
  };
};
