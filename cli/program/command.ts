import { type Command, Option } from 'commander';
import type { ExitCode } from '../../runtime/errors.ts';
import { AppError } from '../../runtime/errors.ts';
import type { GlobalOptions, Handlers } from '../handlers.ts';
import { parseOrgName } from './arguments.ts';

const examples = new WeakMap<Command, readonly string[]>();

/** The examples of a command, for the reference page; `--help` shows the same. */
export const examplesOf = (command: Command): readonly string[] => examples.get(command) ?? [];

export const withExamples = (command: Command, ...lines: readonly string[]): Command => {
  examples.set(command, lines);
  return command.addHelpText('after', `\nExample:\n${lines.map((line) => `  $ ${line}`).join('\n')}`);
};

/** What the declarations of commands are given: the bodies, and where the exit code of the one that ran goes. */
export interface Wiring {
  readonly handlers: Partial<Handlers>;
  readonly finish: (code: ExitCode) => void;
}

/**
 * An action that calls the body of a command with what `toOptions` makes of arguments and options. A command without
 * a body is declared all the same, so that help and reference are complete, but says so when it is called.
 */
export const runs =
  <Name extends keyof Handlers>(
    wiring: Wiring,
    name: Name,
    toOptions: (options: Record<string, unknown> & GlobalOptions, args: readonly unknown[]) => object,
  ) =>
  async (...all: unknown[]): Promise<void> => {
    const command = all.at(-1) as Command;
    const body = wiring.handlers[name] as ((options: object) => Promise<ExitCode>) | undefined;
    if (body === undefined)
      throw new AppError('internal', `${command.name()} has no body in this build.`, {
        hint: 'Report this as a defect.',
      });
    const options = command.optsWithGlobals<Record<string, unknown>>();
    const global: GlobalOptions = {
      config: options['config'] as string | undefined,
      dataDir: options['dataDir'] as string | undefined,
    };
    wiring.finish(await body(toOptions({ ...flagsOf(command), ...options, ...global }, all.slice(0, -2))));
  };

/** A flag that was not given is false; as a default of the option it would clutter the help. */
const flagsOf = (command: Command): Record<string, boolean> =>
  Object.fromEntries(
    command.options.filter((option) => option.isBoolean()).map((option) => [option.attributeName(), false]),
  );

export const orgOption = (): Option =>
  new Option('--org <name>', 'the org; default: every configured one').argParser(parseOrgName);

export const jsonOption = (text = 'print JSON'): Option => new Option('--json', text);

export const engineOption = (): Option =>
  new Option('--engine <engine>', 'idx: Identity Engine; v1: Classic Engine').choices(['idx', 'v1']);
