import fc from 'fast-check';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { Bus } from '../../../runtime/bus/bus.ts';
import { createMemoryBus } from '../../../runtime/bus/memory-bus.ts';
import { createVirtualClock } from '../../../runtime/clock.ts';
import { AppError } from '../../../runtime/errors.ts';
import { createMemoryStateStore } from '../../../runtime/memory-state-store.ts';
import type { StateStore } from '../../../runtime/state-store.ts';
import { progressKey } from '../../../schemas/progress.ts';
import { type Reading, readingKey } from '../../../schemas/reading.ts';
import type { Run } from '../../../schemas/run.ts';
import { minuteMs } from '../../../schemas/time.ts';
import { readingsTopic, runsTopic } from '../../../schemas/topics.ts';
import type { Push } from '../../../sinks/draxis/arguments.ts';
import type { PushSettings } from '../../../sinks/draxis/decide.ts';
import type { PushOutcome } from '../../../sinks/draxis/outcome.ts';
import { readPushes } from '../../../sinks/draxis/push-state.ts';
import { runDraxis } from '../../../sinks/draxis/run-draxis.ts';
import { at, reading, settings, startMs } from './readings.ts';

const posture = 'okta_mfa_adoption_pct';
const exceptions = 'okta_app_policy_exceptions';
const log = 'okta_failed_mfa_push_24h';

const unreachable = () => new AppError('draxis-unreachable', 'no answer', { hint: 'wait' });

const progressAt = (minutes: number, org = 'acme') => ({
  topic: readingsTopic.name,
  org,
  key: progressKey(org),
  value: Buffer.from(
    JSON.stringify({
      kind: 'progress',
      asOf: at(minutes),
      spans: [],
      state: 'ok',
      engine: 'idx',
      scopes: [],
      deadLettered: [],
    }),
  ),
});

const record = (value: Reading) => ({
  topic: readingsTopic.name,
  org: value.org,
  key: readingKey(value.org, value.slug, value.asOf),
  value: Buffer.from(JSON.stringify(value)),
});

/** A Draxis in memory: notes what is sent, answers as told. */
const createDraxis = (answer: (push: Push) => PushOutcome = () => ({ outcome: 'accepted', text: 'recorded' })) => {
  const sent: Push[] = [];
  return {
    sent,
    answer,
    times: (slug: string) => sent.filter((push) => push.slug === slug).map(({ asOf }) => asOf),
    push(push: Push): Promise<PushOutcome> {
      sent.push(push);
      return Promise.resolve().then(() => this.answer(push));
    },
  };
};

const setUp = (by: Partial<PushSettings> = {}, orgs: readonly string[] = ['acme']) => {
  const bus = createMemoryBus({ partitions: 1 });
  const store = createMemoryStateStore(bus);
  const clock = createVirtualClock(startMs);
  const draxis = new Map(orgs.map((org) => [org, createDraxis()]));
  const start = (until: 'stopped' | 'caught-up', signal: AbortSignal, saving: StateStore = store) =>
    runDraxis({
      targets: new Map([...draxis].map(([org, client]) => [org, { client, settings: settings(by) }])),
      bus,
      store: saving,
      clock,
      logger: pino({ level: 'silent' }),
      until,
      signal,
    });
  const acme = draxis.get('acme') ?? createDraxis();
  return { bus, store, clock, draxis: acme, draxisOf: (org: string) => draxis.get(org) ?? acme, start };
};

/** Resolves when every record of the topic is acked, or a condition ends the wait. */
const settle = async (bus: Bus, isOver = () => false): Promise<void> => {
  const end = await bus.endOffset(readingsTopic.name, 0);
  while (!isOver() && (await bus.committed(readingsTopic.name, 0, 'draxis')) !== end - 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
};

/** Runs until everything in the topic is acked, or until the run ends by itself, which it does only by a crash. */
const runUntilIdle = async (
  { bus, start }: Pick<ReturnType<typeof setUp>, 'bus' | 'start'>,
  saving?: StateStore,
): Promise<unknown> => {
  const stop = new AbortController();
  let crash: { error: unknown } | undefined;
  const running = start('stopped', stop.signal, saving).catch((error: unknown) => {
    crash = { error };
  });
  await settle(bus, () => crash !== undefined);
  stop.abort();
  await running;
  return crash?.error;
};

const once = (setup: ReturnType<typeof setUp>) => setup.start('caught-up', new AbortController().signal);

const runsOf = async (bus: Bus): Promise<Run[]> => {
  const runs: Run[] = [];
  for await (const records of bus.read(runsTopic.name, 0, 0)) {
    runs.push(...records.map(({ value }) => JSON.parse(value.toString()) as Run));
  }
  return runs;
};

describe('a running sink', () => {
  it('pushes the newest final value of each KRI and records one run', async () => {
    const setup = setUp();
    await setup.bus.publish([
      record(reading(posture, 20, 91)),
      record(reading(log, 9, 3)),
      record(reading(log, 10, 4)),
    ]);
    await setup.bus.publish([record(reading(log, 11, 5)), progressAt(20)]);
    expect(await runUntilIdle(setup)).toBeUndefined();
    expect(setup.draxis.sent.map(({ slug, asOf, value }) => [slug, asOf, value])).toEqual([
      [posture, at(20), 91],
      [log, at(10), 4],
    ]);
    const [run, ...others] = await runsOf(setup.bus);
    expect(others).toEqual([]);
    expect(run).toMatchObject({ org: 'acme', trigger: 'push', rowsWritten: 2, rowsSkipped: 0, error: null });
  });

  it('gives its state up when the partition ends, and a single pass does not, since it still saves at its end', async () => {
    const setup = setUp();
    await setup.bus.publish([record(reading(posture, 20, 91)), progressAt(20)]);
    const released: string[] = [];
    const saving: StateStore = {
      ...setup.store,
      release: async (name, partition) => void released.push(`${name}/${partition}`),
    };
    await setup.start('caught-up', new AbortController().signal, saving);
    expect(released).toEqual([]);
    await runUntilIdle(setup, saving);
    expect(released).toEqual(['draxis/0']);
  });

  it('goes on after a restart where it was, without pushing anything twice', async () => {
    const setup = setUp();
    await setup.bus.publish([record(reading(log, 10, 4)), record(reading(log, 11, 5)), progressAt(20)]);
    await runUntilIdle(setup);
    await setup.bus.publish([progressAt(21)]);
    await runUntilIdle(setup);
    expect(setup.draxis.times(log)).toEqual([at(10), at(11)]);
  });

  it('sends only the newest of what gathered while Draxis was down, and waits longer after each failure', async () => {
    const setup = setUp();
    setup.draxis.answer = () => {
      throw unreachable();
    };
    for (let minute = 1; minute <= 8; minute += 1) {
      await setup.bus.publish([record(reading(posture, minute, minute)), progressAt(minute)]);
      await runUntilIdle(setup);
      setup.clock.advance(minuteMs);
    }
    // Each restart forgets the pause, so every minute was tried: what follows is one process.
    expect(setup.draxis.sent).toHaveLength(8);

    setup.draxis.sent.length = 0;
    const stop = new AbortController();
    const running = setup.start('stopped', stop.signal);
    for (let minute = 9; minute <= 18; minute += 1) {
      await setup.bus.publish([record(reading(posture, minute, minute)), progressAt(minute)]);
      await settle(setup.bus);
      setup.clock.advance(minuteMs);
    }
    expect(setup.draxis.times(posture)).toEqual([at(9), at(10), at(12), at(16)]);
    setup.draxis.answer = () => ({ outcome: 'accepted', text: 'recorded' });
    setup.clock.advance(60 * minuteMs);
    await setup.bus.publish([record(reading(posture, 90, 90)), progressAt(90)]);
    await settle(setup.bus);
    stop.abort();
    await running;
    expect(setup.draxis.times(posture).at(-1)).toBe(at(90));
    expect(setup.draxis.sent).toHaveLength(5);
    const runs = await runsOf(setup.bus);
    expect(runs.at(-2)).toMatchObject({ rowsWritten: 0, error: 'no answer' });
    expect(runs.at(-1)).toMatchObject({ rowsWritten: 1, error: null });
  });

  it('lets the other KRIs and the other orgs go on when one is refused or one Draxis is down', async () => {
    const setup = setUp({}, ['acme', 'down']);
    setup.draxis.answer = ({ slug }) =>
      slug === posture ? { outcome: 'refused', text: 'out of range' } : { outcome: 'accepted', text: '' };
    setup.draxisOf('down').answer = () => {
      throw unreachable();
    };
    await setup.bus.publish([
      record(reading(posture, 1, 91, { org: 'down' })),
      record(reading(posture, 1, 91)),
      record(reading(exceptions, 1, 2)),
    ]);
    await runUntilIdle(setup);
    expect(setup.draxis.sent.map(({ slug }) => slug)).toEqual([posture, exceptions]);
    expect((await runsOf(setup.bus)).find(({ org }) => org === 'acme')).toMatchObject({
      rowsWritten: 1,
      rowsSkipped: 0,
      error: `${posture}: out of range`,
    });
    const pushes = await readPushes(setup.store, 0);
    expect(pushes.map(({ slug, last, acked }) => [slug, last?.outcome, last?.text, acked?.value])).toEqual([
      [posture, 'refused', 'out of range', undefined],
      [exceptions, 'accepted', '', 2],
    ]);
  });

  it('counts a KRI that the tenant has not wired as skipped, and does not ask every minute', async () => {
    const setup = setUp();
    setup.draxis.answer = () => ({ outcome: 'unknown-slug', text: 'not wired' });
    const stop = new AbortController();
    const running = setup.start('stopped', stop.signal);
    for (const minute of [1, 2, 60, 61, 62]) {
      await setup.bus.publish([record(reading(posture, minute, minute))]);
      await settle(setup.bus);
    }
    stop.abort();
    await running;
    expect(setup.draxis.times(posture)).toEqual([at(1), at(61)]);
    expect((await runsOf(setup.bus))[0]).toMatchObject({ rowsWritten: 0, rowsSkipped: 1, error: null });
  });

  it('sends the newest alone of a backlog of several batches', async () => {
    const setup = setUp();
    await setup.bus.publish(Array.from({ length: 1_100 }, (_, minute) => record(reading(posture, minute, minute))));
    await runUntilIdle(setup);
    expect(setup.draxis.times(posture)).toEqual([at(1_099)]);
  });

  it('does not let the watermark fall when an older progress record comes again', async () => {
    const setup = setUp();
    await setup.bus.publish([record(reading(log, 10, 4)), progressAt(20), progressAt(5)]);
    await runUntilIdle(setup);
    expect(setup.draxis.times(log)).toEqual([at(10)]);
  });

  it('passes over what it cannot read, and orgs that have no target', async () => {
    const setup = setUp();
    const broken = { ...record(reading(posture, 2, 92)), value: Buffer.from('{"half":') };
    await setup.bus.publish([
      record(reading(posture, 1, 91)),
      broken,
      record(reading(posture, 3, 93, { org: 'other' })),
    ]);
    expect(await runUntilIdle(setup)).toBeUndefined();
    expect(setup.draxis.sent.map(({ value }) => value)).toEqual([91]);
  });

  it('refuses to start when it has read further than the topic goes', async () => {
    const setup = setUp();
    await setup.bus.publish([record(reading(posture, 1, 91))]);
    await setup.store.commit('draxis', 0, { offset: 5, changes: new Map(), records: [] });
    await expect(once(setup)).rejects.toMatchObject({ code: 'state-invalid' });
  });
});

describe('a single pass', () => {
  it('pushes the newest final value of every selected KRI whether or not it changed, and says what happened', async () => {
    const setup = setUp({ cadence: 'daily' });
    await setup.bus.publish([record(reading(posture, 1, 91)), record(reading(log, 1, 4)), progressAt(11)]);
    expect(await once(setup)).toEqual({ rowsWritten: 2, rowsSkipped: 0, errors: [] });
    await setup.bus.publish([record(reading(posture, 2, 91)), record(reading(exceptions, 2, 1)), progressAt(12)]);
    expect(await once(setup)).toEqual({ rowsWritten: 2, rowsSkipped: 0, errors: [] });
    expect(await once(setup)).toEqual({ rowsWritten: 0, rowsSkipped: 0, errors: [] });
    expect(setup.draxis.times(posture)).toEqual([at(1), at(2)]);
    expect((await runsOf(setup.bus)).map(({ rowsWritten }) => rowsWritten)).toEqual([2, 2]);
  });

  it('reports what it could not push', async () => {
    const setup = setUp();
    setup.draxis.answer = () => {
      throw unreachable();
    };
    await setup.bus.publish([record(reading(posture, 1, 91))]);
    const { errors, rowsWritten } = await once(setup);
    expect(rowsWritten).toBe(0);
    expect(errors).toEqual([{ org: 'acme', code: 'draxis-unreachable', message: 'no answer', hint: 'wait' }]);
  });

  it('finds values that an earlier process read but could not push', async () => {
    const setup = setUp({ cadence: 'manual' });
    await setup.bus.publish([record(reading(posture, 1, 91))]);
    await runUntilIdle(setup);
    expect(setup.draxis.sent).toEqual([]);
    const { errors } = await runDraxis({
      targets: new Map([['acme', { client: setup.draxis, settings: settings() }]]),
      bus: setup.bus,
      store: setup.store,
      clock: setup.clock,
      logger: pino({ level: 'silent' }),
      until: 'caught-up',
      signal: new AbortController().signal,
    });
    expect(errors).toEqual([]);
    expect(setup.draxis.times(posture)).toEqual([at(1)]);
  });
});

describe('crashes', () => {
  /** A store that fails at one of its commits: before it is saved, or after. */
  const crashing = (store: StateStore, atCommit: number, isSaved: boolean): StateStore => {
    let commits = 0;
    return {
      load: store.load,
      commit: async (...parts) => {
        commits += 1;
        if (commits !== atCommit) return store.commit(...parts);
        if (isSaved) await store.commit(...parts);
        throw new Error('crash');
      },
    };
  };

  /** T at 8 is taken; T at 10 is sent, and the process ends before it has saved that Draxis took it. */
  const crashAfterSending = async (setup: ReturnType<typeof setUp>) => {
    await setup.bus.publish([8, 9, 10].map((minute) => record(reading(log, minute, minute))));
    await setup.bus.publish([progressAt(18)]);
    await runUntilIdle(setup);
    await setup.bus.publish([progressAt(20)]);
    // Commits of this batch: what is folded, the T about to be sent, and then that Draxis took it.
    expect(await runUntilIdle(setup, crashing(setup.store, 3, false))).toMatchObject({ message: 'crash' });
    expect(setup.draxis.times(log)).toEqual([at(8), at(10)]);
  };

  it('after saving what is folded do not count it twice', async () => {
    const setup = setUp();
    await setup.bus.publish([record(reading(posture, 1, 91))]);
    await runUntilIdle(setup);
    await setup.bus.publish([record(reading(posture, 1, 92, { version: 99 }))]);
    await runUntilIdle(setup, crashing(setup.store, 1, true));
    await setup.bus.publish([record(reading(posture, 1, 91))]);
    await runUntilIdle(setup);
    expect((await readPushes(setup.store, 0))[0]?.revisionsNotPushed).toBe(1);
  });

  it('between sending and saving send the same T once more', async () => {
    const setup = setUp();
    await crashAfterSending(setup);
    await setup.bus.publish([progressAt(20)]);
    await runUntilIdle(setup);
    await setup.bus.publish([progressAt(20)]);
    await runUntilIdle(setup);
    expect(setup.draxis.times(log)).toEqual([at(8), at(10), at(10)]);
  });

  it('between sending and saving send no older T, though that one turns out unknown', async () => {
    const setup = setUp();
    await crashAfterSending(setup);
    await setup.bus.publish([record(reading(log, 10, null, { version: 99 })), progressAt(20)]);
    await runUntilIdle(setup);
    expect(setup.draxis.times(log)).toEqual([at(8), at(10)]);
    await setup.bus.publish([record(reading(log, 11, 11)), progressAt(21)]);
    await runUntilIdle(setup);
    expect(setup.draxis.times(log)).toEqual([at(8), at(10), at(11)]);
  });

  const minute = fc.record({
    readings: fc.array(
      fc.record({
        slug: fc.constantFrom(posture, log),
        back: fc.integer({ min: 0, max: 15 }),
        value: fc.option(fc.integer({ min: 0, max: 3 })),
      }),
      { maxLength: 6 },
    ),
    crashAt: fc.option(fc.integer({ min: 1, max: 6 })),
    isSaved: fc.boolean(),
    isDown: fc.boolean(),
  });

  it('anywhere, with Draxis up or down, never make an older T follow a newer one', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(minute, { minLength: 1, maxLength: 12 }), async (minutes) => {
        const setup = setUp();
        const taken: Push[] = [];
        let version = 0;
        for (const [index, { readings, crashAt, isSaved, isDown }] of minutes.entries()) {
          const now = index + 15;
          setup.draxis.answer = (push) => {
            if (isDown) throw unreachable();
            taken.push(push);
            return { outcome: 'accepted', text: '' };
          };
          const records = readings.map(({ slug, back, value }) => {
            version += 1;
            return record(reading(slug, slug === posture ? now : now - back, value, { version }));
          });
          await setup.bus.publish([...records, progressAt(now)]);
          await runUntilIdle(setup, crashAt === null ? undefined : crashing(setup.store, crashAt, isSaved));
          setup.clock.advance(minuteMs);
        }
        for (const slug of [posture, log]) {
          const times = setup.draxis.times(slug);
          expect(times).toEqual(times.toSorted());
        }
        setup.draxis.answer = () => ({ outcome: 'accepted', text: '' });
        await setup.bus.publish([record(reading(posture, 100, 1)), progressAt(100)]);
        await once(setup);
        expect(setup.draxis.times(posture).at(-1)).toBe(at(100));
      }),
      { numRuns: 150 },
    );
  });
});
