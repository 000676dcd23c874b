import { CommanderError } from 'commander';
import { AppError, type ExitCode, exitCodes, toExitCode } from '../runtime/errors.ts';
import type { Handlers } from './handlers.ts';
import { maskSecrets } from './mask.ts';
import { createProgram } from './program.ts';

export interface Terminal {
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
}

/**
 * Parses the arguments (without node and script), runs the command and gives its exit code. Whatever goes wrong is
 * printed on standard error: what and what to do next for an AppError, the stack for a defect.
 */
export const runProgram = async (
  args: readonly string[],
  handlers: Partial<Handlers>,
  options: { readonly terminal: Terminal; readonly version?: string },
): Promise<ExitCode> => {
  let code: ExitCode = exitCodes.ok;
  const { terminal } = options;
  const program = createProgram(handlers, {
    finish: (finished) => {
      code = finished;
    },
    ...(options.version === undefined ? {} : { version: options.version }),
  });
  // An argument may be a token in the wrong place, and commander quotes arguments.
  applyOutput(program, { writeOut: terminal.out, writeErr: (text) => terminal.error(maskSecrets(text)) });
  if (args.length === 0) {
    program.outputHelp({ error: true });
    return exitCodes.usage;
  }
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    terminal.error(maskSecrets(describeError(error)));
    return toExitCode(error);
  }
};

const applyOutput = (
  command: ReturnType<typeof createProgram>,
  output: { writeOut: (text: string) => void; writeErr: (text: string) => void },
): void => {
  command.configureOutput(output);
  for (const child of command.commands) applyOutput(child, output);
};

/** For the operator: an AppError as what happened and what to do, anything else as the defect that it is. */
export const describeError = (error: unknown): string => {
  if (error instanceof AppError) return `${error.message}\n\n${error.hint}\n`;
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `This is a defect in Kriver. Please report it with these lines:\n${stack}\n`;
};
