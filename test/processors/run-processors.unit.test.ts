import { describe, expect, test } from 'vitest';
import { runProcessors } from '../../processors/run-processors.ts';
import type { Bus } from '../../runtime/bus/bus.ts';
import type { StateStore } from '../../runtime/state-store.ts';
import { encodeFacts, factsHeader } from '../../schemas/facts-header.ts';
import { minuteMs, toTimestamp } from '../../schemas/time.ts';
import { policySnapshotsTopic, systemLogTopic } from '../../schemas/topics.ts';
import { ago, denyPush, noon, type OktaEvent, signIn } from './events.ts';
import { factsOf, progressAt } from './given.ts';
import {
  all,
  createWorld,
  isProgress,
  logOf,
  ofTheLog,
  progressRecord,
  reference,
  settingsOf,
  sorted,
  toReadings,
  toRecord,
  withBatches,
} from './processor-world.ts';
import { postureProgress } from './snapshots.ts';

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

  test('save nothing and ack nothing of a batch that was under way when the partition was lost', async () => {
    const world = createWorld();
    await world.bus.publish(all);
    const lost = new AbortController();
    const effects: string[] = [];
    const bus: Bus = {
      ...world.bus,
      consume: async function* (options) {
        for await (const assignment of world.bus.consume(options)) {
          yield {
            ...assignment,
            signal: lost.signal,
            batches: async function* (from) {
              for await (const batch of assignment.batches(from)) {
                lost.abort();
                yield { ...batch, ack: async () => void effects.push('ack') };
                return;
              }
            },
          };
        }
      },
    };
    const store: StateStore = { load: world.store.load, commit: async () => void effects.push('commit') };
    await world.run({ bus, store });
    expect(effects).toEqual([]);
  });

  test('end at once when they are stopped before they begin', async () => {
    const world = createWorld();
    await world.bus.publish(all);
    const options = { bus: world.bus, store: world.store, orgs: [settingsOf('acme')], signal: AbortSignal.abort() };
    await runProcessors({ ...options, until: 'stopped' });
    expect(await world.published()).toEqual([]);
  });

  test('ack each batch once, at its end, for the group of all processors', async () => {
    const world = createWorld();
    await world.bus.publish(all);
    const acked: string[] = [];
    const bus: Bus = {
      ...world.bus,
      consume: async function* (options) {
        for await (const assignment of withBatches(world.bus, 5).consume(options)) {
          yield {
            ...assignment,
            batches: async function* (from) {
              for await (const batch of assignment.batches(from)) {
                const ack = async () => {
                  acked.push(`${options.topic} ${batch.records.at(-1)?.offset}`);
                  await batch.ack();
                };
                yield { ...batch, ack };
              }
            },
          };
        }
      },
    };
    await world.run({ bus });
    expect(acked.filter((text) => text.startsWith(systemLogTopic.name))).toEqual(
      [4, 9, 13].map((offset) => `${systemLogTopic.name} ${offset}`),
    );
    expect(acked).toHaveLength(new Set(acked).size);
    expect(await world.bus.committed(systemLogTopic.name, 0, 'processors')).toBe(13);
  });

  test('save only entries of the orgs, and remove none at first', async () => {
    const world = createWorld();
    await world.bus.publish(all);
    const changes: [string, unknown][] = [];
    const store: StateStore = {
      load: world.store.load,
      commit: async (name, partition, commit) => {
        changes.push(...commit.changes);
        await world.store.commit(name, partition, commit);
      },
    };
    await world.run({ store });
    expect(changes.length).toBeGreaterThan(10);
    expect(changes.filter(([key, value]) => !key.startsWith('acme/') || value === undefined)).toEqual([]);
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
