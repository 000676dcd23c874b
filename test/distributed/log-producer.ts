import type { Bus, OutgoingRecord } from '../../runtime/bus/bus.ts';
import { type Clock, createVirtualClock } from '../../runtime/clock.ts';
import { toFacts } from '../../schemas/facts.ts';
import { encodeFacts, factsHeader } from '../../schemas/facts-header.ts';
import { type Progress, progressKey } from '../../schemas/progress.ts';
import { hourMs, minuteMs, toTimestamp } from '../../schemas/time.ts';
import { systemLogTopic } from '../../schemas/topics.ts';
import { createWorld, type World } from '../../simulator/index.ts';

const startMs = Date.parse('2026-11-24T12:00:00.000Z');
const historyHours = 26;
const topic = systemLogTopic.name;

/** More of what the indicators count than everyday life has, and much of it late, so that readings are revised. */
const rates = {
  travellersPerDay: 120,
  pushAttacksPerDay: 90,
  adminSessionsPerDay: 150,
  lateSecondsShare: 0.1,
  lateMinutesShare: 0.08,
  lateHourShare: 0.01,
  repeatedShare: 0.02,
};

const openWorld = (org: string): World =>
  createWorld({
    seed: org,
    users: 40,
    eventsPerDay: 2_500,
    startMs,
    historyHours,
    rates,
    clock: createVirtualClock(startMs),
  });

const toProgress = (asOfMs: number): Progress => ({
  kind: 'progress',
  asOf: toTimestamp(asOfMs),
  spans: [{ from: toTimestamp(startMs - historyHours * hourMs), to: toTimestamp(asOfMs) }],
  state: 'ok',
  engine: 'idx',
  scopes: [],
  deadLettered: [],
});

/** What ingest sends: the System Logs of simulated orgs, a minute at a time, each minute with its progress record. */
export const createLogProducer = (bus: Bus, orgs: readonly string[]) => {
  const sources = orgs.map((org) => ({ org, world: openWorld(org), position: { ms: 0, n: 0 } }));
  let nowMs = startMs;

  const nextMinute = (): OutgoingRecord[] => {
    const records = sources.flatMap((source): OutgoingRecord[] => {
      const { org } = source;
      const served = source.world.persistedAfter(source.position, nowMs, Number.POSITIVE_INFINITY);
      source.position = served.at(-1)?.position ?? source.position;
      const events = served.map(({ event }): OutgoingRecord => {
        const text = event.json();
        const outcome = toFacts(JSON.parse(text));
        if (!outcome.ok) throw new Error(outcome.reason);
        return {
          topic,
          org,
          key: org,
          value: Buffer.from(text),
          headers: { [factsHeader]: encodeFacts(outcome.facts) },
        };
      });
      const progress = Buffer.from(JSON.stringify(toProgress(nowMs)));
      return [...events, { topic, org, key: progressKey(org), value: progress }];
    });
    nowMs += minuteMs;
    return records;
  };

  return {
    /** Sends the next minutes of every org, in order. */
    send: async (minutes: number): Promise<void> => {
      for (let sent = 0; sent < minutes; sent += 1) await bus.publish(nextMinute());
    },
    /** Sends some minutes at each beat until the signal aborts. */
    run: async (options: { clock: Clock; everyMs: number; minutes: number; signal: AbortSignal }): Promise<void> => {
      const { clock, everyMs, minutes, signal } = options;
      while (!signal.aborted) {
        const records = Array.from({ length: minutes }, nextMinute).flat();
        await bus.publish(records);
        await clock.sleep(everyMs, signal);
      }
    },
  };
};
