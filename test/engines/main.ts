import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { enginesCache } from './cache-folder.ts';
import { type Engines, startEngines } from './engines.ts';
import { fetchClickHouse, fetchKafka, fetchRegistry } from './fetch-engines.ts';
import { freePort, isFree } from './free-port.ts';

const defaultPorts = { kafka: 9092, registry: 8081, clickhouse: 8123 } as const;

interface Flags {
  readonly portKafka?: number;
  readonly portRegistry?: number;
  readonly portClickhouse?: number;
  readonly ephemeral?: true;
  readonly fetchOnly?: true;
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);

const toPort = (text: string): number => {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535) throw new InvalidArgumentError('A port is 1 to 65535.');
  return port;
};

/** A port that was asked for is used or refused; the usual one gives way to any free one, and that is said. */
const choosePort = async (name: keyof typeof defaultPorts, asked: number | undefined): Promise<number> => {
  const wanted = asked ?? defaultPorts[name];
  if (await isFree(wanted)) return wanted;
  if (asked !== undefined) throw new Error(`Port ${asked} is taken: give --port-${name} another one.`);
  const port = await freePort();
  say(`Port ${wanted} is taken, so ${name} gets ${port}.`);
  return port;
};

const toYaml = ({ brokers = [], registryUrl, clickHouseUrl }: Engines): string => `bus:
  kind: kafka
  brokers: [${brokers.map((broker) => `'${broker}'`).join(', ')}]
  replication: 1
  registry:
    url: ${registryUrl}
clickhouse:
  kind: server
  url: ${clickHouseUrl}
`;

const toSummary = (engines: Engines, directory: string, isEphemeral: boolean): string => `
Kafka answers at            ${engines.brokers?.join(', ')}
The schema registry at      ${engines.registryUrl}
ClickHouse at               ${engines.clickHouseUrl}
Data and logs are in        ${directory}${isEphemeral ? ', until this ends' : ''}

For kriver.yaml:

${toYaml(engines)}
Ctrl-C stops them.`;

const endSignals = ['SIGINT', 'SIGTERM'] as const;

/** Resolves at the first signal to end. The next one ends the process as if nobody listened. */
const signalled = async (): Promise<void> => {
  await new Promise<void>((resolve) => {
    for (const signal of endSignals) process.once(signal, () => resolve());
  });
  for (const signal of endSignals) process.removeAllListeners(signal);
};

const fetchOnly = async (): Promise<void> => {
  for (const fetched of await Promise.all([fetchKafka(), fetchRegistry(), fetchClickHouse()])) {
    if (!fetched.available) throw new Error(`${fetched.reason}.`);
  }
};

/** The first signal stops the engines in order; at a second one, or while they start, they end with this process. */
const runEngines = async (flags: Flags): Promise<void> => {
  const isEphemeral = flags.ephemeral === true;
  const directory = isEphemeral ? await mkdtemp(join(tmpdir(), 'kriver-engines-')) : join(enginesCache(), 'data');
  try {
    const engines = await startEngines({
      directory,
      report: say,
      kafka: { port: await choosePort('kafka', flags.portKafka) },
      registry: { port: await choosePort('registry', flags.portRegistry) },
      clickHouse: { port: await choosePort('clickhouse', flags.portClickhouse) },
    });
    if (!engines.available) throw new Error(`${engines.reason}.`);
    process.stdout.write(`${toSummary(engines, directory, isEphemeral)}\n`);
    await signalled();
    say('Stopping ...');
    await engines.stop();
  } finally {
    if (isEphemeral) await rm(directory, { recursive: true, force: true });
  }
};

const example = `
Example:
  npm run engines                                   Kafka, the registry and ClickHouse, until Ctrl-C
  npm run engines -- --ephemeral --port-kafka 19092
`;

const program = new Command('engines')
  .description(
    "Runs Kafka, a schema registry and ClickHouse on loopback, from Maven's jars and npm's library, without Docker.\n" +
      'What is missing is fetched first (about 155 MB). Needs Java 17, Maven and gcc, on Linux x64.',
  )
  .option('--port-kafka <port>', `Kafka's port (default: ${defaultPorts.kafka}, or a free one)`, toPort)
  .option('--port-registry <port>', `the registry's port (default: ${defaultPorts.registry}, or a free one)`, toPort)
  .option('--port-clickhouse <port>', `ClickHouse's port (default: ${defaultPorts.clickhouse}, or a free one)`, toPort)
  .option('--ephemeral', 'throw the data away at the end, instead of going on with it the next time')
  .option('--fetch-only', 'fetch what is missing and end')
  .addHelpText('after', example)
  .action((flags: Flags) => (flags.fetchOnly === true ? fetchOnly() : runEngines(flags)));

try {
  await program.parseAsync();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
