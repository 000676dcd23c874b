import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BusRecord } from '../../runtime/bus/bus.ts';
import { systemClock } from '../../runtime/clock.ts';
import { toDeadLetterRecord } from '../../runtime/dead-letter.ts';
import { definitions } from '../../schemas/reading.ts';
import { slugs } from '../../schemas/slugs.ts';
import { hourMs, minuteMs, toTimestamp } from '../../schemas/time.ts';
import { readingsTopic, systemLogTopic } from '../../schemas/topics.ts';
import type { TruthTable } from '../../simulator/index.ts';
import { toExpected } from '../e2e/expect-truth.ts';
import { startProgram } from '../e2e/program.ts';
import { orSkip, sharedClickHouse, sharedKafka, sharedRegistry } from '../engines/shared.ts';
import { createKafkaWorkspace, type KafkaWorkspace, startMember } from './kafka-workspace.ts';
import { findPython, runPython } from './python.ts';
import { readPartition, readTopic, until, untilAcked } from './read-topics.ts';

const [kafka, registry, clickHouse] = await Promise.all([sharedKafka(), sharedRegistry(), sharedClickHouse()]);
const isReady = kafka.available && registry.available && clickHouse.available;

const stages = ['ingest', 'processors', 'sinks'] as const;
type Program = ReturnType<typeof startProgram>;
type Environment = Readonly<Record<string, string>>;

/** `kriver simulate`, with the environment that it prints and the address of its control. */
const startSimulate = async (directory: string) => {
  let printed = '';
  const args = ['simulate', '--port', '0', '--seed', '7', '--users', '60', '--events-per-day', '3000'];
  const program = startProgram([...args, '--state-dir', directory], { directory });
  await program.until(({ out }) => {
    printed = out;
    return out.includes('# Change');
  });
  const exported = [...printed.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]);
  const control = /http:\S+/.exec(printed.slice(printed.indexOf('# Change')))?.[0] ?? '';
  return { program, control, environment: Object.fromEntries(exported) as Environment };
};

const json = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** Twenty programs are started: three quarters of a minute where nothing else runs, but not on a busy machine. */
const timeout = 180_000;

describe.skipIf(!isReady)('kriver as stages on Kafka, a registry and a ClickHouse server', { timeout }, () => {
  let directory: string;
  let workspace: KafkaWorkspace;
  let environment: Environment;
  let control: string;
  let simulation: Program;
  let observer: Awaited<ReturnType<typeof startMember>>;
  const running = new Map<string, Program>();

  const start = (name: string, ...args: readonly string[]) =>
    startProgram([...args, '--data-dir', join(workspace.directory, name)], {
      directory: workspace.directory,
      environment,
    });
  /** From a directory of its own, as from another machine: what it answers it has from the brokers. */
  const ask = (...args: readonly string[]) => start('elsewhere', ...args).ended;
  const startStage = async (stage: string): Promise<Program> => {
    const program = start(stage, 'run', '--stage', stage);
    running.set(stage, program);
    await program.until(({ error }) => error.includes('Kriver runs.'));
    return program;
  };

  beforeAll(async () => {
    if (!kafka.available || !registry.available || !clickHouse.available) return;
    const engines = { brokers: kafka.brokers, registryUrl: registry.url, clickHouseUrl: clickHouse.url };
    directory = await mkdtemp(join(tmpdir(), 'kriver-stages-'));
    ({ program: simulation, control, environment } = await startSimulate(directory));
    // As far back as the simulated log goes: some admin sessions last 39 hours, and the truth knows when they began.
    const ingest = { lookback_hours: 72 };
    const orgs = [{ name: 'acme', base_url: environment['KRIVER_OKTA_BASE_URL'], ingest }];
    workspace = await createKafkaWorkspace(engines, { orgs, log_level: 'info' });
  }, timeout);
  afterAll(async () => {
    await observer?.end();
    for (const program of [...running.values(), simulation]) program?.kill('SIGKILL');
    await workspace?.remove();
    if (directory !== undefined) await rm(directory, { recursive: true, force: true });
  });

  it('refuse to start where topics are missing, and say how they come', async () => {
    const ended = await ask('run', '--stage', 'processors');
    expect(ended.code, ended.error).toBe(78);
    expect(ended.error).toContain(`${workspace.prefix}${systemLogTopic.name}`);
    expect(ended.error).toContain('kriver topics --apply');
    expect(ended.error).not.toContain('defect');
  });

  it('read an org, fold it, store and push it: the readings are the truth, and every command answers', async () => {
    const made = await ask('topics', '--apply');
    expect(made.code, made.error).toBe(0);
    const migrated = await ask('migrate');
    expect(migrated.code, migrated.error).toBe(0);
    await Promise.all(stages.map(startStage));
    observer = await startMember(workspace, []);

    const { bus } = observer;
    const complete = /"draxis":\{"value":\d/;
    await until('readings of all seven', 120_000, async () => {
      const readings = (await readTopic(bus, readingsTopic.name)).filter(({ value }) =>
        complete.test(value.toString()),
      );
      // In an org of the Identity Engine the classic denials of pushes stay unknown.
      return slugs.every(
        (slug) => slug === 'okta_failed_mfa_push_24h' || readings.some(({ key }) => key.includes(slug)),
      );
    });
    // Until the log is read to its end, an event that was persisted late is in no page that was read.
    const orgUrl = `${environment['KRIVER_OKTA_BASE_URL']}/.well-known/okta-organization`;
    await until('a log that is read to its end', 120_000, async () => {
      const orgMs = Date.parse((await fetch(orgUrl)).headers.get('date') ?? '');
      const progress = (await readTopic(bus, readingsTopic.name)).findLast(({ key }) => key === 'acme/progress');
      if (progress === undefined) return false;
      return Date.parse(JSON.parse(progress.value.toString()).asOf) > orgMs - 5 * minuteMs;
    });
    for (const group of ['clickhouse', 'draxis']) await untilAcked(bus, group, [readingsTopic.name], 30_000);

    const [kris, lag, why, letters, runs] = await Promise.all([
      ask('kris', '--json'),
      ask('lag', '--json'),
      ask('why', 'okta_admin_session_outliers_24h', '--json'),
      ask('dlq', 'list', '--json'),
      ask('runs', '--json'),
    ]);
    for (const { code, error } of [kris, lag, why, letters, runs]) expect(code, error).toBe(0);
    const [report] = json(kris.out) as unknown as { org: string; readings: Record<string, never>[] }[];
    expect(report?.org).toBe('acme');
    expect(report?.readings.map(({ slug }) => slug)).toEqual([...slugs]);
    const published = (await readTopic(bus, readingsTopic.name))
      .filter(({ key }) => !key.endsWith('/progress'))
      .map(({ value }) => JSON.parse(value.toString()) as Record<string, never>);
    for (const newest of report?.readings ?? []) {
      // Of a log KRI a minute that no late event changes any more, in its last version; what posture says is never revised.
      const settled = toTimestamp(Date.parse(newest['asOf'] ?? '') - hourMs);
      const reading = String(newest['slug']).endsWith('_24h')
        ? published.findLast(({ slug, asOf }) => slug === newest['slug'] && asOf === settled)
        : newest;
      if (reading === undefined) throw new Error(`${newest['slug']} has no reading at ${settled}.`);
      const response = await fetch(`${control}/truth?at=${reading['asOf']}`);
      const { kris: truth } = (await response.json()) as { kris: TruthTable };
      for (const definition of definitions) {
        const { numerator, denominator, status, reason } = reading[definition] as never;
        const found = status === 'unknown' ? `unknown: ${reason}` : [numerator, denominator];
        expect(found, `${reading['slug']} ${definition} at ${reading['asOf']}`).toEqual(
          toExpected(reading['slug'] as never, definition, truth, 'idx'),
        );
      }
    }
    expect(report?.readings.filter(({ lastPush }) => lastPush !== null).length).toBeGreaterThan(3);
    const [{ org, stages: rows } = {}] = json(lag.out) as {
      org?: string;
      stages?: { owner: unknown; stage: string }[];
    }[];
    expect(org).toBe('acme');
    expect(new Set(rows?.map(({ stage }) => stage))).toEqual(new Set(stages));
    expect(rows?.filter(({ owner }) => owner === null)).toEqual([]);
    expect(json(why.out)[0]).toMatchObject({ slug: 'okta_admin_session_outliers_24h' });
    expect(letters.out).toBe('');
    expect(json(runs.out).map(({ trigger }) => trigger)).toContain('sweep');
    const stored = await workspace.rows<{ kris: string }>('SELECT uniqExact(slug) AS kris FROM readings FINAL');
    expect(Number(stored[0]?.kris)).toBe(7);
  });

  it('take a dead letter that is sent through again, byte for byte and once', async () => {
    const { bus } = observer;
    const readEvents = async () => (await readTopic(bus, systemLogTopic.name)).filter(({ key }) => key === 'acme');
    const before = await readEvents();
    const event = before.at(-1);
    if (event === undefined) throw new Error('There is no event.');
    const copiesIn = (events: readonly BusRecord[]) => events.filter(({ value }) => value.equals(event.value));
    const letter = toDeadLetterRecord({ ...event, topic: systemLogTopic.name }, 'Given up.', systemClock.now());
    await bus.publish([letter]);

    const [{ id } = {}, ...others] = json((await ask('dlq', 'list', '--json')).out);
    expect(others).toEqual([]);
    const redriven = await ask('dlq', 'redrive', String(id));
    expect(redriven.code, redriven.error).toBe(0);
    const copies = copiesIn(await readEvents());
    expect(copies.length).toBeGreaterThan(copiesIn(before).length);
    expect(copies.at(-1)?.headers).toEqual(event.headers);
    await untilAcked(bus, 'clickhouse', [systemLogTopic.name], 30_000);
    const { uuid } = JSON.parse(event.value.toString()) as { uuid: string };
    const stored = await workspace.rows<{ copies: string }>(
      `SELECT count() AS copies FROM events FINAL WHERE uuid = '${uuid}'`,
    );
    expect(Number(stored[0]?.copies)).toBe(1);
  });

  it('end with 0 within 10 seconds of a SIGTERM', async () => {
    const beganMs = systemClock.now();
    const ended = await Promise.all(
      [...running.values()].map((program) => {
        program.kill('SIGTERM');
        return program.ended.then((result) => ({ ...result, tookMs: systemClock.now() - beganMs }));
      }),
    );
    expect(ended).toHaveLength(3);
    for (const { code, error, tookMs } of ended) {
      expect(code, error).toBe(0);
      expect(error).toContain('Kriver stops.');
      expect(tookMs).toBeLessThan(10_000);
    }
  });

  it('end at once when they are told a second time', async () => {
    const program = await startStage('processors');
    // Another signal of the same meaning: two that are the same may reach a process as one.
    program.kill('SIGINT');
    program.kill('SIGTERM');
    const toldMs = systemClock.now();
    expect((await program.ended).code).toBe(75);
    expect(systemClock.now() - toldMs).toBeLessThan(2_000);
  });

  it('leave topics that stock clients read by the schemas of the registry, byte for byte', async ({ skip }) => {
    const { brokers } = orSkip(kafka, skip);
    const { url } = orSkip(registry, skip);
    const { python } = orSkip(findPython(), skip);
    const { bus } = observer;
    const script = fileURLToPath(new URL('../../docs/examples/read-topics.py', import.meta.url));
    const raw = fileURLToPath(new URL('./raw-values.py', import.meta.url));
    for (const { name } of [readingsTopic, systemLogTopic]) {
      const topic = `${workspace.prefix}${name}`;
      const lines = runPython(python, script, topic, '--brokers', brokers.join(), '--registry', url, '--exit-at-end');
      const documents = lines.map((line) => JSON.parse(line));
      const ours = await readPartition(bus, name, bus.partitionOf('acme'));
      expect(ours.length).toBeGreaterThan(20);
      const inOrder = documents.sort((a, b) => a.offset - b.offset);
      expect(inOrder.map(({ offset, key, value }) => ({ offset, key, value }))).toEqual(
        ours.map(({ offset, key, value }) => ({ offset, key, value: JSON.parse(value.toString()) })),
      );
      for (const [index, { headers, schema, topic: from }] of inOrder.entries()) {
        expect(headers).toMatchObject(ours[index]?.headers ?? {});
        expect([from, schema]).toEqual([topic, name]);
      }

      const [id] = new Set(documents.map(({ schemaId }) => schemaId));
      const registered = (await (await fetch(`${url}/schemas/ids/${id}`)).json()) as { schema: string };
      const ajv = new Ajv({ strict: false });
      formats.default(ajv);
      const isValid = ajv.compile(JSON.parse(registered.schema));
      for (const { value } of documents) expect(isValid(value), JSON.stringify(isValid.errors)).toBe(true);

      const frames = new Map(
        runPython(python, raw, brokers.join(), topic).map((line) => {
          const [, offset, text = ''] = line.split(' ');
          return [Number(offset), Buffer.from(text, 'base64')];
        }),
      );
      expect(frames.size).toBe(ours.length);
      const [header] = [Buffer.from([0, 0, 0, 0, 0])];
      header?.writeUInt32BE(id, 1);
      for (const { offset, value } of ours)
        expect(frames.get(offset)?.equals(Buffer.concat([header ?? value, value])), `offset ${offset}`).toBe(true);
    }
  });

  it('refuse another number of partitions, because orgs would change theirs', async () => {
    const settings = workspace.settings() as { bus: object };
    const file = join(workspace.directory, 'other.yaml');
    writeFileSync(file, JSON.stringify({ ...settings, bus: { ...settings.bus, partitions: 5 } }));
    const ended = await Promise.all(stages.map((stage) => ask('run', '--stage', stage, '--config', file)));
    for (const { code, error } of ended) {
      expect(code, error).toBe(78);
      expect(error).toMatch(/has partitions 3, and 5 is configured/);
      expect(error).toContain('set bus.partitions to 3');
      expect(error).not.toContain('defect');
    }
  });
});
