import { describe, expect, it } from 'vitest';
import { readersOf, readLocalLag } from '../../cli/queries/lag.ts';
import { printLag } from '../../cli/render/lag.ts';
import { toStages } from '../../cli/stage.ts';
import { topicFolds } from '../../processors/topic-folds.ts';
import { kafkaSettingsSchema } from '../../runtime/bus/kafka/settings.ts';
import { createMemoryBus } from '../../runtime/bus/memory-bus.ts';
import { createVirtualClock } from '../../runtime/clock.ts';
import { systemLogTopic, topics } from '../../schemas/topics.ts';
import { configOf, environmentOf } from './command-context.ts';

const start = Date.UTC(2026, 2, 1, 12);

const config = configOf(environmentOf('/nowhere', { KRIVER_DRAXIS_TOKEN: 'drx_pat_tenant.abcdef' }));
const [org] = config.orgs;
if (org === undefined) throw new Error('no org');

describe('who reads what of an org', () => {
  const topicsOf = (group: string) =>
    readersOf(config, org)
      .filter((reader) => reader.group === group)
      .map(({ topic }) => topic);

  it('is each stage with the topics that it consumes', () => {
    expect(topicsOf('ingest')).toEqual(['okta.system-log']);
    expect(topicsOf('processors')).toEqual(topicFolds.map(({ topic }) => topic));
    expect(topicsOf('clickhouse')).toEqual(topics.map(({ name }) => name));
    expect(topicsOf('draxis')).toEqual(['kri.readings']);
  });

  it('leaves out sinks that are not configured', () => {
    const bare = { ...config, clickHouse: { ...config.clickHouse, kind: 'none' as const } };
    const stages = readersOf(bare, { ...org, draxis: undefined }).map(({ stage }) => stage);
    expect(new Set(stages)).toEqual(new Set(['ingest', 'processors']));
  });
});

describe('the lag in a log of one process', () => {
  it('counts what was not acked, from the append of the oldest record of it', async () => {
    const clock = createVirtualClock(start);
    const bus = createMemoryBus({ clock });
    const publish = () =>
      bus.publish([{ topic: systemLogTopic.name, org: org.name, key: org.name, value: Buffer.from('{}') }]);
    await publish();
    const stop = new AbortController();
    for await (const assignment of bus.consume({ topic: systemLogTopic.name, group: 'ingest', signal: stop.signal })) {
      for await (const batch of assignment.batches()) {
        await batch.ack();
        stop.abort();
      }
    }
    await clock.advance(60_000);
    await publish();
    await clock.advance(540_000);
    const { stages } = await readLocalLag({ config, bus, now: clock.now() }, org);

    const [ingest, processors, users] = stages;
    expect(ingest).toMatchObject({ group: 'ingest', lag: 1, partition: 0, owner: null });
    expect(Math.round((ingest?.behindMs ?? 0) / 1000)).toBeCloseTo(540, -1);
    expect(processors).toMatchObject({ topic: 'okta.system-log', lag: 2 });
    expect(Math.round((processors?.behindMs ?? 0) / 1000)).toBeCloseTo(600, -1);
    expect(users).toMatchObject({ topic: 'okta.user-snapshots', lag: 0, behindMs: 0 });
  });
});

describe('the table of lags', () => {
  it('names group and process, and shows what is not known as such', () => {
    const row = { topic: 'kri.readings', partition: 7, lag: 1_234 };
    const text = printLag([
      {
        org: 'acme',
        stages: [
          { ...row, stage: 'sinks', group: 'draxis', behindMs: null, owner: null },
          {
            ...row,
            stage: 'ingest',
            group: 'ingest',
            behindMs: 90_000,
            owner: { member: 'kriver-1a', host: '10.0.0.7' },
          },
          { ...row, stage: 'ingest', group: 'ingest', behindMs: 0, owner: { member: 'process 12', host: '' } },
        ],
      },
    ]);

    expect(text).toMatch(/acme +sinks, draxis +kri\.readings +7 +1,234 +- +none\n/);
    expect(text).toMatch(/acme +ingest +kri\.readings +7 +1,234 +1 min +kriver-1a on 10\.0\.0\.7\n/);
    expect(text).toMatch(/ 0 s +process 12\n/);
  });
});

describe('the stages of a process', () => {
  const kafka = kafkaSettingsSchema.parse({ brokers: ['127.0.0.1:9092'] });

  it('are all of them unless some are named, for which there has to be Kafka', () => {
    expect(toStages(undefined, { kind: 'lmdb' })).toEqual(['ingest', 'processors', 'sinks']);
    expect(toStages(undefined, { kind: 'kafka', kafka })).toEqual(['ingest', 'processors', 'sinks']);
    expect(toStages(['sinks'], { kind: 'kafka', kafka })).toEqual(['sinks']);
    expect(() => toStages(['sinks'], { kind: 'lmdb' })).toThrow(
      expect.objectContaining({ code: 'usage-invalid', hint: expect.stringContaining('bus.kind: kafka') }),
    );
  });
});
