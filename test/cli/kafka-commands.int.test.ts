import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { topics } from '../../schemas/topics.ts';
import { orSkip, sharedKafka } from '../engines/shared.ts';
import { environmentOf, linesOf, runCommand, useDirectory } from './command-context.ts';

const shared = await sharedKafka();
const makeDirectory = useDirectory();

/** A file whose bus is the broker, under a prefix of its own. */
const configure = async (skip: TestContext['skip'], given: { bus?: string; more?: string } = {}) => {
  const { brokers } = orSkip(shared, skip);
  const dataDirectory = await makeDirectory();
  mkdirSync(dataDirectory);
  const file = join(dataDirectory, 'kriver.yaml');
  const prefix = `${randomUUID()}.`;
  const write = ({ bus = '', more = '' } = {}) =>
    writeFileSync(
      file,
      `orgs: {name: acme}\nbus: {kind: kafka, brokers: ${JSON.stringify(brokers)}, topic_prefix: ${prefix}, replication: 1, ${bus}}\nclickhouse: {kind: none}\n${more}`,
    );
  write(given);
  return { environment: environmentOf(dataDirectory, { KRIVER_CONFIG: file }), prefix, write };
};

describe('kriver topics', () => {
  it('ends with 1 while topics are missing, creates them when told to, and then is content', async ({ skip }) => {
    const { environment, prefix } = await configure(skip);
    const before = await runCommand(environment, 'topics', { apply: false });
    expect(before).toMatchObject({ code: 1, error: '', thrown: undefined });
    expect(before.out).toContain(`${prefix}okta.system-log`);
    expect(before.out).toMatch(/6 of 6 topics are not as Kriver needs them\. `kriver topics --apply`/);

    const applied = await runCommand(environment, 'topics', { apply: true });
    expect(applied).toMatchObject({ code: 0, out: expect.stringContaining('All 6 topics are as Kriver needs them.') });
    expect(await runCommand(environment, 'topics', { apply: false })).toMatchObject({ code: 0 });
  });

  it('shows what differs from the configuration, and sets it but for the partitions', async ({ skip }) => {
    const { environment, write } = await configure(skip, { bus: 'partitions: 3' });
    await runCommand(environment, 'topics', { apply: true });
    write({ bus: 'partitions: 4', more: 'retention: {log_days: 20}\n' });

    const before = await runCommand(environment, 'topics', { apply: false });
    expect(before.code).toBe(1);
    expect(before.out).toMatch(/okta\.system-log +differs, by hand +partitions +4 +3\n/);
    expect(before.out).toMatch(/okta\.system-log +differs +retention\.ms +1728000000 +1209600000\n/);
    expect(before.out.match(/bus\.partitions to 3/g)?.length).toBe(1);
    const after = await runCommand(environment, 'topics', { apply: true, json: true });
    expect(after.code).toBe(1);
    const documents = linesOf(after.out) as { topic: string; differences: object[] }[];
    expect(documents.length).toBe(topics.length);
    for (const { differences } of documents)
      expect(differences).toEqual([
        {
          setting: 'partitions',
          wanted: '4',
          actual: '3',
          canApply: false,
          advice: expect.stringContaining('bus.topic_prefix'),
        },
      ]);
  });

  it('has nothing to say of a bus without topics', async () => {
    const ran = await runCommand(environmentOf(await makeDirectory()), 'topics', { apply: false });
    expect(ran).toMatchObject({ code: 64, thrown: { hint: expect.stringContaining('KRIVER_KAFKA_BROKERS') } });
  });

  it('ends with 69 when no broker answers', async () => {
    const dataDirectory = await makeDirectory();
    mkdirSync(dataDirectory);
    const file = join(dataDirectory, 'kriver.yaml');
    writeFileSync(file, 'orgs: {name: acme}\nbus: {kind: kafka, brokers: ["127.0.0.1:1"]}\nclickhouse: {kind: none}\n');
    const ran = await runCommand(environmentOf(dataDirectory, { KRIVER_CONFIG: file }), 'topics', { apply: false });
    expect(ran).toMatchObject({ code: 69, error: '', thrown: { code: 'bus-unavailable' } });
  });
});

describe('kriver lag', () => {
  it('on Kafka shows each stage of the org, and that nobody runs it', async ({ skip }) => {
    const { environment } = await configure(skip);
    await runCommand(environment, 'topics', { apply: true });
    const { code, out } = await runCommand(environment, 'lag', {});

    expect(code).toBe(0);
    expect(out).toMatch(/acme +ingest +okta\.system-log +\d+ +0 +0 s +none\n/);
    expect(out.match(/acme +processors /g)?.length).toBe(3);
    expect(out).not.toContain('clickhouse');
  });

  it('on Kafka gives one document an org', async ({ skip }) => {
    const { environment } = await configure(skip);
    await runCommand(environment, 'topics', { apply: true });
    const { out } = await runCommand(environment, 'lag', { json: true, org: 'acme' });

    expect(linesOf(out)).toMatchObject([
      { org: 'acme', stages: [{ stage: 'ingest', group: 'ingest', lag: 0, behindMs: 0, owner: null }, {}, {}, {}] },
    ]);
  });

  it('on Kafka without topics says how they come', async ({ skip }) => {
    const { environment } = await configure(skip);
    const ran = await runCommand(environment, 'lag', {});

    expect(ran).toMatchObject({ code: 78, thrown: { hint: expect.stringContaining('kriver topics --apply') } });
  });
});
