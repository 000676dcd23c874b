import type { Command } from 'commander';
import { errorCodes, exitCodes } from '../../runtime/errors.ts';
import { examplesOf } from '../program/command.ts';
import { createProgram } from '../program.ts';
import { generatedNote, printMarkdownTable } from './markdown.ts';

const nameOf = (command: Command): string =>
  command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`;

const optionTable = (command: Command): string[] => {
  const rows = [
    ...command.registeredArguments.map((argument) => [`\`${argument.name()}\``, argument.description, '']),
    ...command.options.map((option) => [
      `\`${option.flags}\``,
      `${option.description}${option.argChoices === undefined ? '' : ` (${option.argChoices.join(', ')})`}`,
      option.defaultValue === undefined ? '' : `\`${String(option.defaultValue)}\``,
    ]),
  ];
  return rows.length === 0 ? [] : [printMarkdownTable(['argument or option', 'meaning', 'default'], rows)];
};

const section = (command: Command, depth: number): string[] => [
  `${'#'.repeat(depth)} ${nameOf(command)}`,
  command.description(),
  ...(command.commands.length === 0 ? [`\`${nameOf(command)} ${command.usage()}\``] : []),
  ...optionTable(command),
  ['```sh', ...examplesOf(command), '```'].join('\n'),
  ...command.commands.flatMap((child) => section(child, depth + 1)),
];

const meanings: Readonly<Record<keyof typeof exitCodes, string>> = {
  ok: 'It worked.',
  checkFailed: 'It ran, and a check failed: a reading differs, an org did not answer as it should.',
  usage: 'The command line is wrong.',
  badData: 'The data given is wrong.',
  unreachable: 'A service cannot be reached.',
  internal: 'A defect in Kriver.',
  inputOutput: 'Files cannot be read or written, or the disk is full.',
  tryLater: 'Not now: rate limits, or the directory is in use.',
  notPermitted: 'A token was refused or lacks permission.',
  configuration: 'The configuration is wrong.',
};

const exitTable = (): string =>
  printMarkdownTable(
    ['code', 'meaning', 'errors'],
    Object.entries(exitCodes).map(([name, code]) => [
      String(code),
      meanings[name as keyof typeof exitCodes],
      Object.entries(errorCodes)
        .filter(([, exit]) => exit === code)
        .map(([error]) => `\`${error}\``)
        .join(' '),
    ]),
  );

/** docs/reference/commands.md, from the declarations that parse the command line. */
export const printCommandsPage = (): string => {
  const program = createProgram({});
  return `${[
    generatedNote,
    '# Commands',
    program.description(),
    'Logs go to standard error, results to standard output. `--json` prints one JSON document, one a line where there are several. Every command has `--help`.',
    '## Global options',
    ...optionTable(program),
    ...program.commands.flatMap((command) => section(command, 2)),
    '## Exit codes',
    exitTable(),
  ].join('\n\n')}\n`;
};
