import { describe, expect, it } from 'vitest';
import {
  type ActualTopic,
  adviceOn,
  compareTopic,
  findTopicError,
  type TopicSpec,
  toTopicSpecs,
} from '../../runtime/bus/kafka/topic-spec.ts';
import { topics } from '../../schemas/topics.ts';

const settings = { topic_prefix: 'acme.', partitions: 12, replication: 3 };
const specs = toTopicSpecs(topics, settings);

const specOf = (name: string): TopicSpec => {
  const spec = specs.find((candidate) => candidate.name === `acme.${name}`);
  if (spec === undefined) throw new Error(`no topic ${name}`);
  return spec;
};

/** A topic on the brokers that is exactly as it should be, but for what is given. */
const actualOf = (
  spec: TopicSpec,
  { configs = {}, ...shape }: { partitions?: number; replication?: number; configs?: Record<string, string> } = {},
): ActualTopic => ({
  partitions: spec.partitions,
  replication: spec.replication,
  ...shape,
  configs: new Map(
    Object.entries({ ...spec.configs, ...configs }).map(([name, value]) => [name, { value, isOwn: true }]),
  ),
});

describe('the topics that are needed', () => {
  it('are all topics, under the prefix, with the partitions and replication that are configured', () => {
    expect(specs.map(({ name }) => name)).toEqual(topics.map(({ name }) => `acme.${name}`));
    expect(specs.every(({ partitions, replication }) => partitions === 12 && replication === 3)).toBe(true);
  });

  it('keep what is removed by age for its days and no fewer, whatever it weighs', () => {
    expect(specOf('okta.system-log').configs).toMatchObject({
      'cleanup.policy': 'delete',
      'retention.ms': String(14 * 86_400_000),
      'retention.bytes': '-1',
    });
    expect(specOf('okta.system-log').configs).not.toHaveProperty('min.compaction.lag.ms');
  });

  it('keep what was superseded for its days, and remove it then', () => {
    expect(specOf('okta.user-snapshots').configs).toMatchObject({
      'cleanup.policy': 'compact',
      'min.compaction.lag.ms': String(14 * 86_400_000),
      'max.compaction.lag.ms': String(28 * 86_400_000),
      'segment.ms': String(86_400_000),
    });
    expect(specOf('okta.user-snapshots').configs).not.toHaveProperty('retention.ms');
  });

  it('have the time of the append, and room for the largest dead letter: 1 MiB in base64', () => {
    for (const { configs } of specs) {
      expect(configs['message.timestamp.type']).toBe('LogAppendTime');
      expect(Number(configs['max.message.bytes'])).toBeGreaterThan((2 ** 20 * 4) / 3 + 64 * 1024);
    }
  });

  it.each([
    [1, '1'],
    [2, '1'],
    [3, '2'],
    [5, '4'],
  ])('of replication %i go on with one broker less', (replication, inSync) => {
    const [spec] = toTopicSpecs(topics, { ...settings, replication });
    expect(spec?.configs['min.insync.replicas']).toBe(inSync);
  });
});

describe('a topic beside what is needed', () => {
  const spec = specOf('okta.system-log');

  it('has no differences when it is as needed, whatever else is set on it', () => {
    expect(compareTopic(spec, actualOf(spec, { configs: { 'flush.ms': '1000' } })).differences).toEqual([]);
  });

  it('differs in a configuration, which can be set', () => {
    expect(compareTopic(spec, actualOf(spec, { configs: { 'retention.ms': '604800000' } })).differences).toEqual([
      { setting: 'retention.ms', wanted: '1209600000', actual: '604800000', canApply: true },
    ]);
  });

  it('differs in a configuration that its brokers do not know', () => {
    const { configs, ...shape } = actualOf(spec);
    const known = new Map([...configs].filter(([name]) => name !== 'message.timestamp.type'));
    expect(compareTopic(spec, { ...shape, configs: known }).differences).toMatchObject([
      { setting: 'message.timestamp.type', actual: 'not set' },
    ]);
  });

  it('differs in partitions and replication, which are left as they are, with advice', () => {
    const { differences } = compareTopic(
      spec,
      actualOf(spec, { partitions: 6, replication: 2, configs: { 'min.insync.replicas': '1' } }),
    );
    expect(differences).toEqual([
      { setting: 'partitions', wanted: '12', actual: '6', canApply: false },
      { setting: 'replication', wanted: '3', actual: '2', canApply: false },
    ]);
    expect(differences.map(adviceOn)).toEqual([
      expect.stringMatching(/bus\.partitions to 6.*bus\.topic_prefix/),
      expect.stringMatching(/kafka-reassign-partitions\.sh.*bus\.replication to 2/),
    ]);
  });

  it('is never asked for more in-sync replicas than it has, which would refuse every record', () => {
    const lone = actualOf(spec, { replication: 1, configs: { 'min.insync.replicas': '1' } });
    expect(compareTopic(spec, lone).differences.map(({ setting }) => setting)).toEqual(['replication']);
    const stuck = actualOf(spec, { replication: 1, configs: { 'min.insync.replicas': '2' } });
    expect(compareTopic(spec, stuck).differences).toContainEqual({
      setting: 'min.insync.replicas',
      wanted: '1',
      actual: '2',
      canApply: true,
    });
  });
});

describe('the start on these topics', () => {
  const checkAll = (change: (spec: TopicSpec) => ActualTopic | undefined) =>
    findTopicError(specs.map((spec) => compareTopic(spec, change(spec))));

  it('is refused while topics are missing, and told how they come', () => {
    const error = checkAll((spec) => (spec.name === 'acme.kri.readings' ? undefined : actualOf(spec)));
    expect(error).toMatchObject({ code: 'configuration-invalid', hint: expect.stringContaining('topics --apply') });
    expect(error?.message).toContain('acme.kri.readings');
    expect(error?.message).not.toContain('okta.system-log');
  });

  it('is refused with another number of partitions, for which nothing can be applied', () => {
    const error = checkAll((spec) => actualOf(spec, { partitions: 24 }));
    expect(error).toMatchObject({ code: 'configuration-invalid', message: expect.stringContaining('partitions 24') });
    expect(error?.hint).toMatch(/^The partition of an org follows/);
  });

  it('is refused where compaction would leave one event an org', () => {
    const error = checkAll((spec) => actualOf(spec, { configs: { 'cleanup.policy': 'compact' } }));
    expect(error).toMatchObject({ message: expect.stringContaining('cleanup.policy compact') });
    expect(error?.hint).toContain('topics --apply');
  });

  it('is not refused for other differences', () => {
    expect(checkAll((spec) => actualOf(spec, { replication: 1, configs: { 'retention.ms': '1' } }))).toBeUndefined();
  });
});
