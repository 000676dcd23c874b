import { describe, expect, test } from 'vitest';
import type { OutgoingRecord } from '../../runtime/bus/bus.ts';
import type { Reading } from '../../schemas/reading.ts';
import { minuteMs, toTimestamp } from '../../schemas/time.ts';
import { systemLogTopic } from '../../schemas/topics.ts';
import { ago, denyPush, noon } from './events.ts';
import { progressAt } from './given.ts';
import {
  createWorld,
  distinct,
  eventRecord,
  isProgress,
  logOf,
  postureOf,
  progressRecord,
  settingsOf,
  toReadings,
  withBatches,
} from './processor-world.ts';

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

test('an org that is configured no more leaves no saved entry behind once the others go on', async () => {
  const world = createWorld([settingsOf('acme'), settingsOf('bolt')]);
  await world.bus.publish([...logOf('acme'), ...logOf('bolt')]);
  await world.run();
  const orgsSaved = async () => {
    const saved = await world.store.load(`processors/${systemLogTopic.name}`, 0);
    return [...new Set([...(saved?.entries.keys() ?? [])].map((key) => key.split('/')[0]))].sort();
  };
  expect(await orgsSaved()).toEqual(['acme', 'bolt']);
  await world.bus.publish([progressRecord(systemLogTopic.name, 'acme', progressAt(noon + 6 * minuteMs))]);
  await world.run({ orgs: [settingsOf('acme')] });
  expect(await orgsSaved()).toEqual(['acme']);
});
