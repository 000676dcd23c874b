import { type ExitCode, exitCodes } from '../../runtime/errors.ts';
import type { DeadLetter } from '../../schemas/dead-letter.ts';
import { type Context, printJson } from '../context.ts';
import type { DeadLetterOptions, OrgOptions } from '../handlers.ts';
import { formatCount } from '../render/quantities.ts';
import { printTable } from '../render/table.ts';
import { cleanText } from '../render/text.ts';
import { shownRows, toRowsLine, toShownTime } from './table-text.ts';
import { withQueries } from './with-queries.ts';

/** `kriver dlq list`: the records that could not be used, newest first. */
export const dlqList = async (options: OrgOptions, context: Context): Promise<ExitCode> => {
  const letters = await withQueries(options, context, (queries) => queries.deadLetters(options.org));
  if (options.json) printJson(context, letters);
  else if (letters.length === 0) context.out.write('There are no dead letters.\n');
  else {
    const table = printTable(
      [
        { title: 'Id' },
        { title: 'Org', maximum: 24 },
        { title: 'Time (UTC)' },
        { title: 'Origin', maximum: 40 },
        { title: 'Bytes', align: 'right' },
        { title: 'Reason', maximum: 100 },
      ],
      letters
        .slice(0, shownRows)
        .map(({ id, org, at, origin, size, reason }) => [
          id.slice(0, 12),
          org,
          toShownTime(at),
          origin,
          formatCount(size),
          reason,
        ]),
    );
    context.out.write(`${table}\n${toRowsLine(letters.length, 'dead letters')}`);
  }
  return exitCodes.ok;
};

/** The bytes as text where they are UTF-8, else as base64. */
export const toReadable = (base64: string): { readonly encoding: 'utf-8' | 'base64'; readonly text: string } => {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(base64, 'base64'));
    return { encoding: 'utf-8', text };
  } catch {
    return { encoding: 'base64', text: base64 };
  }
};

const renderLetter = (letter: DeadLetter): string => {
  const { encoding, text } = toReadable(letter.bytes);
  const facts: readonly (readonly [string, string])[] = [
    ['Id', letter.id],
    ['Org', letter.org],
    ['Time', letter.at],
    ['Minute', letter.minute ?? 'none: no window lacks it'],
    ['Origin', letter.origin],
    ['Reason', letter.reason],
    ['Bytes', `${encoding}${letter.truncated ? ', only the beginning is kept' : ''}`],
  ];
  return [
    ...facts.map(([name, value]) => `${name.padEnd(8)}${cleanText(value)}`),
    '',
    ...text.split(/\r?\n/).map(cleanText),
  ].join('\n');
};

/** `kriver dlq show`: one of them with its bytes. */
export const dlqShow = async (options: DeadLetterOptions, context: Context): Promise<ExitCode> => {
  const letter = await withQueries(options, context, (queries) => queries.deadLetter(options.id, options.org));
  if (options.json) {
    const { bytes, ...rest } = letter;
    printJson(context, [{ ...rest, ...toReadable(bytes) }]);
  } else context.out.write(`${renderLetter(letter)}\n`);
  return exitCodes.ok;
};

/** `kriver dlq redrive`: sends one through again. Ends with 1 when it still cannot be used. */
export const dlqRedrive = async (options: DeadLetterOptions, context: Context): Promise<ExitCode> => {
  const result = await withQueries(options, context, (queries) => queries.redrive(options.id, options.org));
  if (options.json) printJson(context, [result]);
  else if (result.redriven) context.out.write(`Appended to ${result.topic}: ${result.id.slice(0, 12)}\n`);
  else context.out.write(`It still cannot be used: ${cleanText(result.reason ?? '')}\n`);
  return result.redriven ? exitCodes.ok : exitCodes.checkFailed;
};
