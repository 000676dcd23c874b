import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createMemoryBus } from '../../../runtime/bus/memory-bus.ts';
import { createVirtualClock } from '../../../runtime/clock.ts';
import { AppError } from '../../../runtime/errors.ts';
import { createMemoryStateStore } from '../../../runtime/memory-state-store.ts';
import type { StateStore } from '../../../runtime/state-store.ts';
import { readingKey } from '../../../schemas/reading.ts';
import { readingsTopic } from '../../../schemas/topics.ts';
import { runDraxis } from '../../../sinks/draxis/run-draxis.ts';
import { at, reading, settings, startMs } from './readings.ts';

const slug = 'okta_mfa_adoption_pct';

/** A pushing sink whose state store is down until the test says otherwise. */
const setUp = () => {
  const clock = createVirtualClock(startMs);
  const bus = createMemoryBus({ partitions: 1 });
  const kept = createMemoryStateStore(bus);
  const outage = { attempts: 0, isDown: true };
  const guard = (): void => {
    outage.attempts += 1;
    if (outage.isDown) throw new AppError('clickhouse-unavailable', 'Nobody answers.', { hint: 'Wait.' });
  };
  const store: StateStore = {
    load: async (...parameters) => {
      guard();
      return kept.load(...parameters);
    },
    commit: async (...parameters) => {
      guard();
      await kept.commit(...parameters);
    },
  };
  const pushed: string[] = [];
  const client = {
    push: async ({ asOf }: { asOf: string }) => {
      pushed.push(asOf);
      return { outcome: 'accepted', text: '' } as const;
    },
  };
  const stop = new AbortController();
  const warnings: string[] = [];
  const logger = pino({}, { write: (line: string) => void warnings.push(JSON.parse(line).msg) });
  const publish = async (minutes: number) => {
    const value = reading(slug, minutes, 90 + minutes);
    const key = readingKey(value.org, value.slug, value.asOf);
    await bus.publish([{ topic: readingsTopic.name, org: value.org, key, value: Buffer.from(JSON.stringify(value)) }]);
  };
  const targets = new Map([['acme', { client, settings: settings({}) }]]);
  const run = () => runDraxis({ targets, bus, store, clock, logger, until: 'stopped', signal: stop.signal });
  return { bus, clock, outage, pushed, stop, warnings, publish, run };
};

const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  for (let turn = 0; turn < 10_000; turn += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error('It never came to that.');
};

describe('pushing while the store of the push state is down', () => {
  it('waits from the start, and pushes nothing', async () => {
    const { clock, outage, pushed, stop, warnings, publish, run, bus } = setUp();
    await publish(1);
    const running = run();
    await until(() => clock.sleepers() > 0);
    expect(outage.attempts).toBe(1);
    clock.advance(1_000);
    await until(() => outage.attempts === 2);
    expect(pushed).toEqual([]);
    expect(warnings).toHaveLength(1);
    outage.isDown = false;
    clock.advance(2_000);
    await until(async () => (await bus.committed(readingsTopic.name, 0, 'draxis')) === 0);
    expect(pushed).toEqual([at(1)]);
    stop.abort();
    await running;
  });

  it('waits in the middle without acking, and then goes on with the same records', async () => {
    const { clock, outage, pushed, stop, publish, run, bus } = setUp();
    outage.isDown = false;
    await publish(1);
    const running = run();
    await until(async () => (await bus.committed(readingsTopic.name, 0, 'draxis')) === 0);
    outage.isDown = true;
    await publish(2);
    await until(() => clock.sleepers() > 0);
    expect(await bus.committed(readingsTopic.name, 0, 'draxis')).toBe(0);
    expect(pushed).toEqual([at(1)]);
    outage.isDown = false;
    clock.advance(1_000);
    await until(async () => (await bus.committed(readingsTopic.name, 0, 'draxis')) === 1);
    expect(pushed).toEqual([at(1), at(2)]);
    stop.abort();
    await running;
  });

  it('stops at once when it is told to', async () => {
    const { clock, stop, publish, run, pushed } = setUp();
    await publish(1);
    const running = run();
    await until(() => clock.sleepers() > 0);
    stop.abort();
    await expect(running).resolves.toMatchObject({ rowsWritten: 0 });
    expect(pushed).toEqual([]);
  });
});
