import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach } from 'vitest';
import { createQueryCommands } from '../../cli/commands/query-commands.ts';
import type { Config } from '../../cli/config/config.ts';
import { requireConfig } from '../../cli/config/load.ts';
import type { Context } from '../../cli/context.ts';
import type { Handlers } from '../../cli/handlers.ts';
import { type Clock, systemClock } from '../../runtime/clock.ts';
import { type ExitCode, toExitCode } from '../../runtime/errors.ts';

export const oktaToken = '00abcdefghijklmnopqrstuvwxyz0123456789ABCD';

/** Surroundings of a process in which one org is configured by environment alone. */
export const environmentOf = (dataDirectory: string, more: Record<string, string> = {}): Record<string, string> => ({
  KRIVER_OKTA_BASE_URL: 'https://acme.okta.com',
  KRIVER_OKTA_TOKEN: oktaToken,
  KRIVER_DATA_DIR: dataDirectory,
  ...more,
});

export const configOf = (environment: Record<string, string>): Config =>
  requireConfig({ environment, workingDirectory: tmpdir() });

const createStream = () => {
  let text = '';
  const stream = new Writable({
    write: (chunk, _, done) => {
      text += String(chunk);
      done();
    },
  });
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => text };
};

export interface Ran {
  readonly code: ExitCode;
  readonly out: string;
  readonly error: string;
  /** What the body threw, which the program would print. */
  readonly thrown: unknown;
}

type Commands = ReturnType<typeof createQueryCommands>;

/** Runs the body of one command in these surroundings. */
export const runCommand = async <Name extends keyof Commands>(
  environment: Record<string, string>,
  name: Name,
  options: Partial<Parameters<Handlers[Name]>[0]> & object,
  clock: Clock = systemClock,
): Promise<Ran> => {
  const [out, error] = [createStream(), createStream()];
  const context: Context = {
    environment,
    workingDirectory: tmpdir(),
    out: out.stream,
    error: error.stream,
    clock,
  };
  const given = { config: undefined, dataDir: undefined, org: undefined, json: false, atMs: undefined, ...options };
  let thrown: unknown;
  let code: ExitCode;
  try {
    code = await (createQueryCommands(context)[name] as (options: object) => Promise<ExitCode>)(given);
  } catch (failure) {
    thrown = failure;
    code = toExitCode(failure);
  }
  return { code, out: out.text(), error: error.text(), thrown };
};

export const linesOf = (text: string): unknown[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

/** A directory for each test, removed after it. */
export const useDirectory = (): (() => Promise<string>) => {
  const made: string[] = [];
  afterEach(async () => {
    for (const directory of made.splice(0)) await rm(directory, { recursive: true, force: true });
  });
  return async () => {
    const directory = await mkdtemp(join(tmpdir(), 'kriver-cli-'));
    made.push(directory);
    return join(directory, 'data');
  };
};
