import { Command, Option } from 'commander';
import type { ExitCode } from '../runtime/errors.ts';
import type { Handlers } from './handlers.ts';
import { withExamples } from './program/command.ts';
import { declareDistribution } from './program/distribute.ts';
import { declareHistory } from './program/history.ts';
import { declareOperation } from './program/operate.ts';
import { declarePractice } from './program/practice.ts';
import { declareSetup } from './program/setup.ts';

/**
 * All commands with their options and help; the bodies are plugged in. `finish` is given the exit code of the body that
 * ran. Nothing here exits or prints by itself: commander's own errors are thrown.
 */
export const createProgram = (
  handlers: Partial<Handlers>,
  options: { readonly finish?: (code: ExitCode) => void; readonly version?: string } = {},
): Command => {
  const program = new Command('kriver');
  withExamples(
    program
      .description(
        "Turns an Okta org's System Log and posture into seven Key Risk Indicators, continuously and exactly.",
      )
      .version(options.version ?? '0.0.0', '--version', 'print the version')
      .helpOption('-h, --help', 'print help')
      .helpCommand('help [command]', 'print help on a command')
      .addOption(new Option('--config <file>', 'the file of settings; default: KRIVER_CONFIG, else ./kriver.yaml'))
      .addOption(
        new Option(
          '--data-dir <directory>',
          'where Kriver keeps what it needs; default: KRIVER_DATA_DIR, else .kriver',
        ),
      )
      .showSuggestionAfterError(true)
      .configureHelp({ showGlobalOptions: true })
      .exitOverride(),
    'kriver demo',
    'kriver init --base-url https://acme.okta.com && kriver test && kriver run',
  );
  const wiring = { handlers, finish: options.finish ?? (() => {}) };
  declareSetup(program, wiring);
  declareOperation(program, wiring);
  declareHistory(program, wiring);
  declareDistribution(program, wiring);
  declarePractice(program, wiring);
  inheritSettings(program);
  return program;
};

/** Commander hands its settings only to commands that were declared after them, and not to their commands. */
const inheritSettings = (command: Command): void => {
  for (const child of command.commands) {
    child.copyInheritedSettings(command);
    inheritSettings(child);
  }
};
