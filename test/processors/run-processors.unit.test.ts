import { describe, expect, test } from 'vitest';
import type { IndicatorSettings } from '../../processors/indicator.ts';
import { runProcessors } from '../../processors/run-processors.ts';
import type { Bus, OutgoingRecord } from '../../runtime/bus/bus.ts';
import { createMemoryBus } from '../../runtime/bus/memory-bus.ts';
import { createMemoryStateStore } from '../../runtime/memory-state-store.ts';
import type { StateStore } from '../../runtime/state-store.ts';
import { encodeFacts, factsHeader } from '../../schemas/facts-header.ts';
import { progressKey } from '../../schemas/progress.ts';
import type { Reading } from '../../schemas/reading.ts';
import { dayMs, minuteMs, toTimestamp } from '../../schemas/time.ts';
import { policySnapshotsTopic, readingsTopic, systemLogTopic, userSnapshotsTopic } from '../../schemas/topics.ts';
import { adminAccess, ago, denyPush, noon, type OktaEvent, signIn, signOut } from './events.ts';
import { factsOf, progressAt, type Step } from './given.ts';
import { factors, policy, postureProgress, sweep, user } from './snapshots.ts';

type Value = Readonly<Record<string, unknown>>;

const toRecord = (topic: string, org: string, key: string, value: Value): OutgoingRecord => ({
  topic,
  org,
  key,
  value: Buffer.from(JSON.stringify(value)),
});

const eventRecord = (org: string, event: OktaEvent): OutgoingRecord => ({
  ...toRecord(systemLogTopic.name, org, org, event),
  headers: { [factsHeader]: encodeFacts(factsOf(event)) },
});

const progressRecord = (topic: string, org: string, value: Value) => toRecord(topic, org, progressKey(org), value);

const isEvent = (step: Step): step is OktaEvent => 'uuid' in step;

const velocity = '{Velocity=POSITIVE}';
const renamed = '{Too far=POSITIVE}';

/** A log with late events and a source that fails for a while; the last part of it comes after `cut`. */
const logOf = (org: string): OutgoingRecord[] =>
  [
    adminAccess(ago({ hours: 20 }), '102a'),
    signIn(ago({ hours: 3 }), velocity),
    denyPush(ago({ hours: 2 })),
    progressAt(noon),
    denyPush(ago({ hours: 1 })),
    signOut(ago({ hours: 4 }), '102a'),
    progressAt(noon + 2 * minuteMs),
    denyPush(ago({ minutes: 5 })),
    progressAt(noon + 2 * minuteMs, { state: 'failing' }),
    signIn(ago({ minutes: 4 }), renamed),
    progressAt(noon + 4 * minuteMs),
    denyPush(noon + 3 * minuteMs),
    progressAt(noon + 5 * minuteMs),
    signIn(noon + 5 * minuteMs, velocity),
  ].map((step) => (isEvent(step) ? eventRecord(org, step) : progressRecord(systemLogTopic.name, org, step)));

const postureOf = (org: string): OutgoingRecord[] => [
  toRecord(userSnapshotsTopic.name, org, `${org}/user/ada`, user('ada')),
  toRecord(userSnapshotsTopic.name, org, `${org}/user/ada/factors`, factors('ada', ['push OKTA ACTIVE'])),
  toRecord(userSnapshotsTopic.name, org, `${org}/sweep/users`, sweep('users')),
  progressRecord(userSnapshotsTopic.name, org, postureProgress(1)),
  toRecord(userSnapshotsTopic.name, org, `${org}/user/bob`, user('bob')),
  toRecord(userSnapshotsTopic.name, org, `${org}/user/bob/factors`, factors('bob', [])),
  progressRecord(userSnapshotsTopic.name, org, postureProgress(2)),
  toRecord(policySnapshotsTopic.name, org, `${org}/policy/p`, policy('p', [{ verificationMethod: null }])),
  progressRecord(policySnapshotsTopic.name, org, postureProgress(1)),
  toRecord(policySnapshotsTopic.name, org, `${org}/sweep/policies`, sweep('policies')),
  progressRecord(policySnapshotsTopic.name, org, postureProgress(2)),
];

const settingsOf = (org: string, more: Partial<IndicatorSettings> = {}): IndicatorSettings => ({
  org,
  userSampleCap: 2000,
  velocityNames: [],
  ...more,
});

/** Hands out batches of at most `size` records; `failingAck` makes the ack of so many batches fail, once. */
const withBatches = (bus: Bus, size: number, failingAck?: { left: number }): Bus => ({
  ...bus,
  consume: async function* (options) {
    for await (const assignment of bus.consume(options)) {
      yield {
        ...assignment,
        batches: async function* (from) {
          for await (const batch of assignment.batches(from)) {
            for (let start = 0; start < batch.records.length; start += size) {
              let acked = () => {};
              const settled = new Promise<void>((resolve) => {
                acked = () => {
                  assignment.signal.removeEventListener('abort', acked);
                  resolve();
                };
                assignment.signal.addEventListener('abort', acked);
              });
              const records = batch.records.slice(start, start + size);
              const ack = async () => {
                if (failingAck !== undefined) {
                  failingAck.left -= 1;
                  if (failingAck.left === 0) throw new Error('crash before the ack');
                }
                if (start + size >= batch.records.length) await batch.ack();
                acked();
              };
              yield { ...batch, records, ack };
              await settled;
              if (assignment.signal.aborted) return;
            }
          }
        },
      };
    }
  },
});

const createWorld = (orgs: readonly IndicatorSettings[] = [settingsOf('acme')]) => {
  const bus = createMemoryBus();
  const store = createMemoryStateStore(bus);
  return {
    bus,
    store,
    run: (more: Partial<{ bus: Bus; store: StateStore; orgs: readonly IndicatorSettings[] }> = {}) =>
      runProcessors({ bus, store, orgs, until: 'caught-up', signal: new AbortController().signal, ...more }),
    published: async (): Promise<{ key: string; value: string }[]> => {
      const all: { key: string; value: string }[] = [];
      for await (const records of bus.read(readingsTopic.name, 0, 0)) {
        for (const { key, value } of records) all.push({ key, value: value.toString() });
      }
      return all;
    },
  };
};

const isProgress = ({ key }: { key: string }) => key.endsWith('/progress');
const toReadings = (published: readonly { key: string; value: string }[]): Reading[] =>
  published.filter((record) => !isProgress(record)).map(({ value }) => JSON.parse(value));
const sorted = (published: readonly { key: string; value: string }[]) =>
  [...published].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
/** The topics are folded side by side, so only the order within one is told. */
const ofTheLog = (published: readonly { key: string; value: string }[]) =>
  published.filter(({ key }) => isProgress({ key }) || key.includes('_24h'));

/** What a store by key and version keeps of them. */
const distinct = (published: readonly { key: string; value: string }[]) =>
  [...new Set(published.filter((record) => !isProgress(record)).map((record) => JSON.stringify(record)))].sort();

const all = [...logOf('acme'), ...postureOf('acme')];

const reference = async () => {
  const world = createWorld();
  await world.bus.publish(all);
  await world.run();
  return world.published();
};

describe('the processors', () => {
  test('read seven indicators from three topics, and end when they have caught up', async () => {
    const readings = toReadings(await reference());
    expect(new Set(readings.map(({ slug }) => slug)).size).toBe(7);
    const newest = new Map(readings.map((reading) => [`${reading.slug} ${reading.asOf}`, reading]));
    expect(newest.get(`okta_failed_mfa_push_24h ${toTimestamp(noon)}`)?.draxis.value).toBe(3);
    expect(newest.get(`okta_admin_session_outliers_24h ${toTimestamp(noon)}`)?.draxis.value).toBe(1);
    expect(newest.get(`okta_mfa_adoption_pct ${toTimestamp(noon + 2 * minuteMs)}`)?.draxis.value).toBe(50);
    expect(newest.get(`okta_app_policy_exceptions ${toTimestamp(noon + minuteMs)}`)?.draxis.reason).toBe('first sweep');
    expect(newest.get(`okta_app_policy_exceptions ${toTimestamp(noon + 2 * minuteMs)}`)?.draxis.value).toBe(1);
  });

  test('end at once when there is nothing to read', async () => {
    const world = createWorld();
    await world.run();
    expect(await world.published()).toEqual([]);
  });

  test('forward the progress of the log, after its readings, and none of posture', async () => {
    const log = ofTheLog(await reference());
    const progress = log.filter(isProgress).map(({ value }) => JSON.parse(value));
    const sent = logOf('acme')
      .filter(isProgress)
      .map(({ value }) => JSON.parse(value.toString()));
    expect(progress).toEqual(sent);
    const offsets = logOf('acme').flatMap((record, offset) => (isProgress(record) ? [String(offset)] : []));
    for (const record of log) {
      if (isProgress(record)) offsets.shift();
      else expect(JSON.parse(record.value).version).toBe(offsets[0]);
    }
  });

  test.each([1, 2, 3, 4, 5, 7])('read the same from batches of %i', async (size) => {
    const world = createWorld();
    await world.bus.publish(all);
    await world.run({ bus: withBatches(world.bus, size) });
    expect(sorted(await world.published())).toEqual(sorted(await reference()));
    expect(ofTheLog(await world.published())).toEqual(ofTheLog(await reference()));
  });

  test.each([1, 2, 3, 5])('read the same when they restart after every %i records', async (size) => {
    const world = createWorld();
    for (let start = 0; start < all.length; start += size) {
      await world.bus.publish(all.slice(start, start + size));
      await world.run();
    }
    expect(sorted(await world.published())).toEqual(sorted(await reference()));
    expect(ofTheLog(await world.published())).toEqual(ofTheLog(await reference()));
  });

  test('read the same after a crash between commit and ack, at each batch', async () => {
    for (let at = 1; at <= all.length; at += 1) {
      const world = createWorld();
      await world.bus.publish(all);
      await expect(world.run({ bus: withBatches(world.bus, 1, { left: at }) })).rejects.toThrow('before the ack');
      await world.run();
      expect(sorted(await world.published())).toEqual(sorted(await reference()));
    }
  });

  test('publish the same records again after a crash between publish and save, at each commit', async () => {
    const distinct = (published: readonly { key: string; value: string }[]) =>
      sorted([...new Map(published.map((record) => [JSON.stringify(record), record])).values()]);
    const expected = await reference();
    /** Crashes at the given commit; the number of commits that there were. */
    const crashAt = async (at: number): Promise<number> => {
      const world = createWorld();
      await world.bus.publish(all);
      let commits = 0;
      const store: StateStore = {
        load: world.store.load,
        commit: async (name, partition, commit) => {
          commits += 1;
          if (commits !== at) return world.store.commit(name, partition, commit);
          await world.bus.publish(commit.records);
          throw new Error('crash before the save');
        },
      };
      const run = world.run({ store, bus: withBatches(world.bus, 2) });
      if (at === Number.POSITIVE_INFINITY) await run;
      else await expect(run).rejects.toThrow('before the save');
      await world.run();
      const published = await world.published();
      if (at < Number.POSITIVE_INFINITY) expect(published.length).toBeGreaterThan(expected.length);
      expect(distinct(published)).toEqual(distinct(expected));
      return commits;
    };
    const commits = await crashAt(Number.POSITIVE_INFINITY);
    expect(commits).toBeGreaterThan(6);
    for (let at = 1; at <= commits; at += 1) await crashAt(at);
  });

  test('save nothing and publish nothing once the partition is lost', async () => {
    const world = createWorld();
    await world.bus.publish(all);
    const stop = new AbortController();
    let commits = 0;
    const store: StateStore = {
      load: async () => {
        stop.abort();
        return undefined;
      },
      commit: async () => {
        commits += 1;
      },
    };
    await runProcessors({ bus: world.bus, store, orgs: [settingsOf('acme')], until: 'stopped', signal: stop.signal });
    expect(commits).toBe(0);
  });

  test('read on as records come, until they are stopped', async () => {
    const world = createWorld();
    const stop = new AbortController();
    let wake = () => {};
    const store: StateStore = {
      load: world.store.load,
      commit: async (name, partition, commit) => {
        await world.store.commit(name, partition, commit);
        if (name === `processors/${systemLogTopic.name}`) wake();
      },
    };
    const running = runProcessors({
      bus: world.bus,
      store,
      orgs: [settingsOf('acme')],
      until: 'stopped',
      signal: stop.signal,
    });
    for (const minutes of [0, 1]) {
      const committed = new Promise<void>((resolve) => {
        wake = resolve;
      });
      await world.bus.publish([progressRecord(systemLogTopic.name, 'acme', progressAt(noon + minutes * minuteMs))]);
      await committed;
    }
    stop.abort();
    await running;
    expect((await world.published()).filter(isProgress).length).toBe(2);
  });

  test('stop as a whole when one topic fails', async () => {
    const world = createWorld();
    const store: StateStore = {
      ...world.store,
      load: async (name, partition) => {
        if (name.endsWith('policy-snapshots')) throw new Error('no disk');
        return world.store.load(name, partition);
      },
    };
    const running = runProcessors({
      bus: world.bus,
      store,
      orgs: [settingsOf('acme')],
      until: 'stopped',
      signal: new AbortController().signal,
    });
    await expect(running).rejects.toThrow('no disk');
  });

  test('emit one unknown reading of posture that was never authorised, and no more, over restarts', async () => {
    const world = createWorld();
    for (const minutes of [1, 2, 3]) {
      const refused = postureProgress(minutes, { state: 'forbidden' });
      await world.bus.publish([progressRecord(policySnapshotsTopic.name, 'acme', refused)]);
      await world.run();
    }
    const readings = toReadings(await world.published());
    expect(readings.map(({ slug, draxis }) => [slug, draxis.status, draxis.reason])).toEqual([
      ['okta_app_policy_exceptions', 'unknown', 'forbidden'],
    ]);
  });
});

describe('facts of a record', () => {
  const readWith = async (event: OktaEvent, headers: Record<string, string>) => {
    const world = createWorld();
    const record = { ...toRecord(systemLogTopic.name, 'acme', 'acme', event), headers };
    await world.bus.publish([record, progressRecord(systemLogTopic.name, 'acme', progressAt(noon))]);
    await world.run();
    return toReadings(await world.published()).find(({ slug }) => slug === 'okta_failed_mfa_push_24h')?.draxis.value;
  };
  const denial = denyPush(ago({ hours: 1 }));

  test('are those of the header', async () => {
    const other = signIn(ago({ hours: 1 }));
    expect(await readWith(other, { [factsHeader]: encodeFacts(factsOf(denial)) })).toBe(1);
  });

  test('are parsed anew where there is no header, or one of another version', async () => {
    expect(await readWith(denial, {})).toBe(1);
    expect(await readWith(denial, { [factsHeader]: '[0,"uuid",1]' })).toBe(1);
  });

  test('of an event that has none are left out', async () => {
    expect(await readWith({ ...denial, published: '2026-09-31T00:00:00.000Z' }, {})).toBe(0);
  });
});

describe('two orgs in one partition', () => {
  const withoutVersion = (readings: readonly Reading[], org: string) =>
    readings.filter((reading) => reading.org === org).map(({ version, ...rest }) => rest);
  const byTopic = (readings: readonly Omit<Reading, 'version'>[]) =>
    [...readings].sort((a, b) => (a.slug < b.slug ? -1 : a.slug > b.slug ? 1 : 0));

  /** The records of both, taken in turns of unequal length. */
  const interleaved = (turns: readonly number[]): OutgoingRecord[] => {
    const queues = [
      [...logOf('acme'), ...postureOf('acme')],
      [...logOf('bolt').slice(0, -2), ...postureOf('bolt').slice(2)],
    ];
    const records: OutgoingRecord[] = [];
    for (let turn = 0; queues.some((queue) => queue.length > 0); turn += 1) {
      records.push(...(queues[turn % 2] ?? []).splice(0, turns[turn % turns.length]));
    }
    return records;
  };

  test.each([[[1]], [[1, 2]], [[3, 1, 1, 2]], [[5, 1]]])(
    'do not mix, over restarts at every record, in turns of %j',
    async (turns) => {
      const orgs = [settingsOf('acme'), settingsOf('bolt', { velocityNames: ['too far'] })];
      const records = interleaved(turns);
      const alone = async (org: string) => {
        const world = createWorld(orgs);
        await world.bus.publish(records.filter((record) => record.org === org));
        await world.run();
        return toReadings(await world.published());
      };
      const world = createWorld(orgs);
      for (const record of records) {
        await world.bus.publish([record]);
        await world.run();
      }
      const together = toReadings(await world.published());
      for (const org of ['acme', 'bolt']) {
        expect(byTopic(withoutVersion(together, org))).toEqual(byTopic(withoutVersion(await alone(org), org)));
      }
    },
  );

  test('keep what one org was told while only the other made progress', async () => {
    const orgs = [settingsOf('acme'), settingsOf('bolt')];
    const world = createWorld(orgs);
    const send = async (...records: OutgoingRecord[]) => {
      await world.bus.publish(records);
      await world.run({ bus: withBatches(world.bus, 1) });
    };
    const progressOf = (org: string, minutes: number) =>
      progressRecord(systemLogTopic.name, org, progressAt(noon + minutes * minuteMs));
    await send(progressOf('acme', 0), progressOf('bolt', 0));
    await send(eventRecord('bolt', denyPush(ago({ hours: 1 }))), progressOf('acme', 1));
    await send(progressOf('bolt', 1));
    const denials = toReadings(await world.published()).filter(
      ({ org, slug }) => org === 'bolt' && slug === 'okta_failed_mfa_push_24h',
    );
    expect(denials.map(({ asOf, draxis }) => [asOf, draxis.value])).toEqual([
      [toTimestamp(noon), 0],
      [toTimestamp(noon), 1],
      [toTimestamp(noon + minuteMs), 1],
    ]);
  });

  test('an org that is not configured is left out', async () => {
    const world = createWorld();
    await world.bus.publish([...logOf('bolt'), ...logOf('acme')]);
    await world.run();
    expect(new Set(toReadings(await world.published()).map(({ org }) => org))).toEqual(new Set(['acme']));
    expect((await world.published()).filter(isProgress).every(({ key }) => key === 'acme/progress')).toBe(true);
  });
});

test('an org that is configured again goes on where it was left', async () => {
  const world = createWorld();
  const records = logOf('acme');
  await world.bus.publish(records.slice(0, 5));
  await world.run();
  await world.bus.publish(records.slice(5, 9));
  await world.run({ orgs: [settingsOf('bolt')] });
  await world.bus.publish(records.slice(9));
  await world.run();
  const whole = createWorld();
  await whole.bus.publish(records);
  await whole.run();
  expect(await world.published()).toEqual(await whole.published());
});

test('an org that shares a partition goes on after the offset moved without it', async () => {
  const world = createWorld();
  const records = logOf('acme');
  const others = logOf('bolt');
  await world.bus.publish(records.slice(0, 5));
  await world.run();
  await world.bus.publish([...records.slice(5, 9), ...others]);
  await world.run({ orgs: [settingsOf('bolt')] });
  await world.bus.publish(records.slice(9));
  await world.run({ orgs: [settingsOf('acme'), settingsOf('bolt')] });
  const whole = createWorld();
  await whole.bus.publish([...records.slice(0, 9), ...others, ...records.slice(9)]);
  await whole.run({ orgs: [settingsOf('acme'), settingsOf('bolt')] });
  expect(distinct(await world.published())).toEqual(distinct(await whole.published()));
});

test('an org that is configured later has readings from its first record on, and the others are not published again', async () => {
  const world = createWorld();
  const records = [...logOf('acme'), ...logOf('bolt')];
  await world.bus.publish(records);
  await world.run();
  const before = await world.published();
  await world.bus.publish([progressRecord(systemLogTopic.name, 'acme', progressAt(noon + 6 * minuteMs))]);
  await world.run({ orgs: [settingsOf('acme'), settingsOf('bolt')] });
  const added = (await world.published()).slice(before.length);
  const whole = createWorld();
  await whole.bus.publish(records);
  await whole.run({ orgs: [settingsOf('bolt')] });
  expect(added.filter(({ key }) => key.startsWith('bolt/'))).toEqual(await whole.published());
  const again = new Set(before.map(({ value }) => value));
  expect(
    added.filter(({ key, value }) => key.startsWith('acme/') && key !== 'acme/progress' && again.has(value)),
  ).toEqual([]);
});

describe('changed settings', () => {
  const before = logOf('acme').slice(0, 9);
  const after = logOf('acme').slice(9);
  const changed = [settingsOf('acme', { velocityNames: ['too far'] })];
  const versions = (published: readonly { key: string; value: string }[]) =>
    toReadings(published).map(({ slug, asOf, version }) => `${slug} ${asOf} ${version}`);

  const expectRefolded = async (
    world: ReturnType<typeof createWorld>,
    old: readonly { key: string; value: string }[],
  ) => {
    const published = await world.published();
    expect(published.slice(0, old.length)).toEqual(old);
    const fresh = published.slice(old.length);
    for (const { version } of toReadings(fresh)) expect(Number(version)).toBeGreaterThanOrEqual(before.length);
    expect(new Set(versions(published)).size).toBe(versions(published).length);
    expect(published.filter(isProgress).length).toBe(logOf('acme').filter(isProgress).length);
    const newest = new Map(toReadings(published).map((reading) => [`${reading.slug} ${reading.asOf}`, reading]));
    const travel = (minutes: number) =>
      newest.get(`okta_impossible_travel_24h ${toTimestamp(noon + minutes * minuteMs)}`)?.measures['positive'];
    // What the old settings counted in the history counts no more, and what the new ones count does.
    expect(travel(4)).toBe(1);
    expect(newest.get(`okta_failed_mfa_push_24h ${toTimestamp(noon + 4 * minuteMs)}`)?.draxis.value).toBe(4);
  };

  test.each([1, 2, 4, 500])(
    'fold the log anew in batches of %i, without publishing old readings again',
    async (size) => {
      const world = createWorld();
      await world.bus.publish(before);
      await world.run();
      const old = await world.published();
      await world.bus.publish(after);
      await world.run({ orgs: changed, bus: withBatches(world.bus, size) });
      await expectRefolded(world, old);
    },
  );

  test('publish nothing and save nothing while there is nothing new', async () => {
    const world = createWorld();
    await world.bus.publish(before);
    await world.run();
    const old = await world.published();
    await world.run({ orgs: changed });
    expect(await world.published()).toEqual(old);
    await world.bus.publish(after);
    await world.run({ orgs: changed });
    await expectRefolded(world, old);
  });

  test('fold the log anew from its beginning when a crash interrupted it', async () => {
    for (let at = 1; at <= before.length + 2; at += 1) {
      const world = createWorld();
      await world.bus.publish(before);
      await world.run();
      const old = await world.published();
      await world.bus.publish(after);
      const crashed = world.run({ orgs: changed, bus: withBatches(world.bus, 1, { left: at }) });
      await expect(crashed).rejects.toThrow('before the ack');
      await world.run({ orgs: changed });
      await expectRefolded(world, old);
    }
  });

  test('leave no entry of the old state behind', async () => {
    const world = createWorld();
    await world.bus.publish(logOf('acme'));
    await world.run();
    await world.bus.publish([progressRecord(systemLogTopic.name, 'acme', progressAt(noon + dayMs / 24))]);
    await world.run({ orgs: changed });
    const fresh = createWorld(changed);
    await fresh.bus.publish([
      ...logOf('acme'),
      progressRecord(systemLogTopic.name, 'acme', progressAt(noon + dayMs / 24)),
    ]);
    await fresh.run();
    const keysOf = async ({ store }: { store: StateStore }) => {
      const saved = await store.load(`processors/${systemLogTopic.name}`, 0);
      return [...(saved?.entries.keys() ?? [])].filter((key) => !/r:|t:/.test(key)).sort();
    };
    expect(await keysOf(world)).toEqual(await keysOf(fresh));
  });

  test('unchanged ones fold nothing anew', async () => {
    const world = createWorld();
    await world.bus.publish(logOf('acme'));
    await world.run();
    const starts: (number | undefined)[] = [];
    const watched: Bus = {
      ...world.bus,
      consume: async function* (options) {
        for await (const assignment of world.bus.consume(options)) {
          yield {
            ...assignment,
            batches: (from) => {
              if (options.topic === systemLogTopic.name) starts.push(from?.from);
              return assignment.batches(from);
            },
          };
        }
      },
    };
    await world.bus.publish([progressRecord(systemLogTopic.name, 'acme', progressAt(noon + 6 * minuteMs))]);
    await world.run({ bus: watched });
    expect(starts).toEqual([logOf('acme').length - 1]);
    await world.bus.publish([progressRecord(systemLogTopic.name, 'acme', progressAt(noon + 7 * minuteMs))]);
    await world.run({ bus: watched, orgs: changed });
    expect(starts[1]).toBe(0);
  });
});
