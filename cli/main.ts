import { readFileSync } from 'node:fs';
import { exitCodes } from '../runtime/errors.ts';
import { init } from './commands/init.ts';
import { createQueryCommands } from './commands/query-commands.ts';
import { createSecretCommands } from './commands/secret.ts';
import { createContext } from './context.ts';
import type { Handlers } from './handlers.ts';
import { runProgram } from './run-program.ts';
import { readSecretValue } from './secrets/read-value.ts';

const terminal = {
  out: (text: string) => void process.stdout.write(text),
  error: (text: string) => void process.stderr.write(text),
};
const context = createContext();
const surroundings = {
  environment: context.environment,
  workingDirectory: context.workingDirectory,
  print: terminal.out,
};

/** The bodies of the commands. Those that load an engine are imported when they are called, so that help is instant. */
const handlers: Partial<Handlers> = {
  init: (options) => init(options, surroundings),
  ...createSecretCommands({
    ...surroundings,
    readValue: (name) => readSecretValue(name, process.stdin, terminal.error),
  }),
  ...createQueryCommands(context),
  run: async (options) => (await import('./commands/run.ts')).createRunCommand(context)(options),
  once: async (options) => (await import('./commands/run.ts')).createOnceCommand(context)(options),
  replay: async (options) => (await import('./commands/replay.ts')).createReplayCommand(context)(options),
  demo: async (options) => (await import('./commands/demo.ts')).createDemoCommand(context)(options),
  simulate: async (options) => (await import('./commands/simulate.ts')).createSimulateCommand(context)(options),
};

/** package.json is one directory up from the sources and two up from dist/cli. */
const readVersion = (): string => {
  for (const path of ['../package.json', '../../package.json'])
    try {
      return (JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as { version: string }).version;
    } catch {}
  return '0.0.0';
};

// Whoever reads the output may stop early (`kriver runs --json | head -1`): that is an end, not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(exitCodes.ok);
});

// The exit code is set and the process left to end by itself, so that output that is under way is not cut off.
process.exitCode = await runProgram(process.argv.slice(2), handlers, { terminal, version: readVersion() });
