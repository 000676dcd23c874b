import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { environmentVariables } from '../../cli/config/environment.ts';
import { loadConfig } from '../../cli/config/load.ts';
import { createProgram } from '../../cli/program.ts';
import {
  type ComposeFile,
  createSchemaCheck,
  interpolated,
  pathOf,
  readComposeFile,
  readText,
} from './compose-file.ts';
import { findFaults } from './compose-rules.ts';

const file = readComposeFile();
const ours = Object.entries(file.services).filter(([, { build }]) => build !== undefined);
const schemaFaults = createSchemaCheck();

/** The file with some keys of one service replaced. */
const broken = (name: string, keys: Record<string, unknown>): ComposeFile => ({
  ...file,
  services: { ...file.services, [name]: { ...file.services[name], ...keys } },
});

/** Parses a command line with the real program, whose bodies do nothing; throws what commander says against it. */
const parseLine = async (line: readonly string[]): Promise<unknown> => {
  const given: unknown[] = [];
  const note = async (options: unknown) => {
    given.push(options);
    return 0 as const;
  };
  const handlers = {
    run: note,
    topics: note,
    migrate: note,
    simulate: note,
    lag: note,
    test: note,
    kris: note,
    sql: note,
  };
  const program = createProgram(handlers);
  const quiet = (command: Command): void => {
    command.configureOutput({ writeOut: () => {}, writeErr: () => {} });
    command.commands.forEach(quiet);
  };
  quiet(program);
  await program.parseAsync(line, { from: 'user' });
  return given[0];
};

const fileVariables = (name: string): readonly string[] =>
  [...readText(name).matchAll(/^([A-Z_]+)=/gm)].map(([, variable = '']) => variable);

describe('docker-compose.yml', () => {
  it('is a compose file, as the Compose Specification defines one', () => {
    expect(schemaFaults(file)).toEqual([]);
  });

  it('would be refused with a key that the specification does not know, or a value of another kind', () => {
    expect(schemaFaults(broken('kafka', { memory: '1g' })).join()).toMatch('/services/kafka');
    expect(schemaFaults(broken('kafka', { stop_grace_period: 15 })).join()).toMatch('stop_grace_period');
  });

  it('has all that Kriver consists of', () => {
    expect(Object.keys(file.services).sort()).toEqual(
      [
        'clickhouse',
        'ingest',
        'kafka',
        'kriver',
        'migrate',
        'processors',
        'registry',
        'simulate',
        'sinks',
        'topics',
      ].sort(),
    );
  });

  it('keeps our rules for services', () => {
    expect(findFaults(file)).toEqual([]);
  });

  it.each([
    ['kafka', { ports: ['9092:9092'] }, 'publishes 9092:9092 to others'],
    ['kafka', { ports: ['0.0.0.0:9092:9092'] }, 'to others'],
    ['kafka', { healthcheck: undefined }, 'has no health check'],
    ['kafka', { healthcheck: { disable: true } }, 'has no health check'],
    ['kafka', { healthcheck: { test: ['CMD', 'true'], interval: '30 seconds' } }, 'has 30 seconds as interval'],
    ['kafka', { privileged: true }, 'asks for privileges'],
    ['kafka', { cap_add: ['SYS_NICE'] }, 'asks for privileges'],
    ['kafka', { cap_drop: undefined }, 'keeps capabilities'],
    ['kafka', { security_opt: undefined }, 'can gain privileges'],
    ['kafka', { read_only: false }, 'can write its image'],
    ['kafka', { user: undefined }, 'may run as root'],
    ['kafka', { user: '0:0' }, 'may run as root'],
    ['kafka', { mem_limit: undefined }, 'has no limit on memory'],
    ['kafka', { image: 'apache/kafka:latest' }, 'has an image without a version'],
    ['kafka', { image: 'apache/kafka' }, 'has an image without a version'],
    ['kafka', { image: 'registry.example.com:5000/kafka' }, 'has an image without a version'],
    ['kafka', { image: 'apache/kafka:4.3.1@sha256:abc' }, 'has a digest that is none'],
    ['kafka', { restart: undefined }, 'does not say when it restarts'],
    ['kafka', { volumes: ['elsewhere:/data'] }, 'no declared volume'],
    ['kafka', { volumes: ['/var/run/docker.sock:/var/run/docker.sock'] }, 'no declared volume'],
    ['kafka', { networks: ['elsewhere'] }, 'undeclared'],
    ['kafka', { network_mode: 'host' }, 'no network of its own'],
    ['ingest', { init: undefined }, 'has no init'],
    ['ingest', { stop_grace_period: undefined }, 'may be killed while it stops'],
    ['ingest', { depends_on: { topics: { condition: 'service_started' } } }, 'waits for topics by service_started'],
    ['ingest', { depends_on: { zookeeper: { condition: 'service_healthy' } } }, 'which is not there'],
  ])('%s with %o breaks a rule', (name, keys, fault) => {
    expect(findFaults(broken(name, keys)).join()).toMatch(fault);
  });

  it('starts stages only when topics and tables are there, and those jobs only when the engines answer', () => {
    const engines = ['clickhouse', 'kafka', 'registry'];
    for (const stage of ['ingest', 'processors', 'sinks'])
      expect(Object.keys(file.services[stage]?.depends_on ?? {}).sort()).toEqual(
        [...engines, 'migrate', 'topics'].sort(),
      );
    for (const job of ['topics', 'migrate'])
      expect(Object.keys(file.services[job]?.depends_on ?? {}).sort()).toEqual(engines);
  });

  it('lets only those that call Okta or Draxis out, and gives only them a token', () => {
    expect(file.networks['inside']).toEqual({ internal: true });
    const outward = ours.filter(([, { networks }]) => networks?.includes('outside')).map(([name]) => name);
    expect(outward.sort()).toEqual(['ingest', 'kriver', 'sinks']);
    const holders = ours.filter(([, { environment }]) =>
      String(environment?.['KRIVER_OKTA_TOKEN']).startsWith('${KRIVER_OKTA_TOKEN'),
    );
    expect(holders.map(([name]) => name).sort()).toEqual(['ingest', 'kriver']);
  });

  it('holds no password, and does not start without one', () => {
    const secrets = Object.values(file.services).flatMap(({ environment = {} }) =>
      Object.entries(environment).filter(([name]) => /TOKEN|PASSWORD/.test(name)),
    );
    expect(secrets.length).toBeGreaterThan(5);
    for (const [name, value] of secrets)
      expect(String(value)).toMatch(
        name.startsWith('KRIVER_DRAXIS') ? /^\$\{\w+:-\}$/ : /^\$\{\w+:\?.+\}$|^not-used-by-this-process$/,
      );
  });

  it('names only variables of Kriver that it reads', () => {
    const known: ReadonlySet<string> = new Set(environmentVariables.map(({ name }) => name));
    const named = [
      ...ours.flatMap(([, { environment = {} }]) => Object.keys(environment)),
      ...interpolated(readText('docker-compose.yml')),
      ...fileVariables('docker/example.env'),
      ...fileVariables('docker/demo.env'),
    ].filter((name) => name.startsWith('KRIVER_'));
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });

  it('takes only variables that the example of .env explains, or that have a default', () => {
    const explained = fileVariables('docker/example.env');
    const withDefault = [...readText('docker-compose.yml').matchAll(/\$\{(\w+):-/g)].map(([, name]) => name);
    const named = interpolated(readText('docker-compose.yml'));
    expect(named.filter((name) => !explained.includes(name) && !withDefault.includes(name))).toEqual([]);
  });

  it.each(ours.map(([name, { command = [] }]) => [name, command] as const))(
    '%s runs a command that there is',
    async (name, command) => {
      if (name === 'kriver') return expect(command).toEqual(['--help']);
      const options = await parseLine(command);
      expect(options).toBeDefined();
      if (command[0] === 'run') expect(options).toMatchObject({ stages: [name] });
      if (command[0] === 'topics') expect(options).toMatchObject({ apply: true });
    },
  );

  it('would not pass with a stage that there is not', async () => {
    await expect(parseLine(['run', '--stage', 'sink'])).rejects.toThrow();
  });

  it('serves the simulated org where the demo points ingest at', async () => {
    expect(file.services['simulate']?.network_mode).toBe('service:ingest');
    const { port } = (await parseLine(file.services['simulate']?.command ?? [])) as { port: number };
    expect(readText('docker/demo.env')).toMatch(`KRIVER_OKTA_BASE_URL=http://127.0.0.1:${port}\n`);
  });
});

describe('docker/kriver.yaml', () => {
  const load = (environment: Record<string, string>) =>
    loadConfig({
      environment: { KRIVER_CONFIG: pathOf('docker/kriver.yaml').pathname, KRIVER_DATA_DIR: '/data', ...environment },
      workingDirectory: '/',
      dataDirectory: undefined,
    });
  const okta = { KRIVER_OKTA_BASE_URL: 'https://acme.okta.com', KRIVER_OKTA_TOKEN: '00token' };

  it('is a configuration with the environment that compose gives', () => {
    expect(load({ ...okta, CLICKHOUSE_PASSWORD: 'long-enough' })).toMatchObject({
      ok: true,
      config: { bus: { kind: 'kafka', kafka: { brokers: ['kafka:9092'], replication: 1 } } },
    });
  });

  it('is none without the password of ClickHouse', () => {
    expect(load(okta)).toMatchObject({ ok: false });
  });

  it('points at the services and ports of the compose file', () => {
    const settings = parse(readText('docker/kriver.yaml'));
    expect(file.services['kafka']?.environment?.['KAFKA_ADVERTISED_LISTENERS']).toMatch(
      `INSIDE://${settings.bus.brokers[0]},`,
    );
    for (const url of [settings.bus.registry.url, settings.clickhouse.url].map((text: string) => new URL(text))) {
      const published = file.services[url.hostname]?.ports?.map((port) => port.split(':').at(-1));
      expect(published).toContain(url.port);
    }
    const { CLICKHOUSE_USER, CLICKHOUSE_DB } = file.services['clickhouse']?.environment ?? {};
    expect([settings.clickhouse.user, settings.clickhouse.database]).toEqual([CLICKHOUSE_USER, CLICKHOUSE_DB]);
  });
});

describe('docs/distributed.md', () => {
  const text = readText('docs/distributed.md');
  const commands = [...text.matchAll(/(?:^|[`&] ?|--rm |kriver\.mjs )kriver ((?:--data-dir \S+ )?[a-z][^`&#\n]*)/gm)]
    .map(([, line = '']) => line.trim().split(/\s+/))
    .filter((line) => line[0] !== 'kriver');

  it('shows only commands that there are', async () => {
    expect(commands.length).toBeGreaterThan(8);
    for (const line of commands) await expect(parseLine(line), line.join(' ')).resolves.toBeDefined();
  });

  it('shows settings that are a configuration, but for the files that they name', () => {
    const directory = mkdtempSync(join(tmpdir(), 'kriver-compose-'));
    try {
      writeFileSync(join(directory, 'ca.pem'), '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n');
      const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(text) ?? [];
      writeFileSync(join(directory, 'kriver.yaml'), yaml.replaceAll('/etc/kriver', directory));
      const passwords = {
        KAFKA_PASSWORD: 'long-enough',
        REGISTRY_PASSWORD: 'long-enough',
        CLICKHOUSE_PASSWORD: 'long-enough',
      };
      const environment = { KRIVER_OKTA_BASE_URL: 'https://acme.okta.com', KRIVER_OKTA_TOKEN: '00token', ...passwords };
      const result = loadConfig({ environment, workingDirectory: directory, dataDirectory: undefined });
      expect(result).toMatchObject({ ok: true });
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
