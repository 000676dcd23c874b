import { styleText } from 'node:util';
import { type Logger, pino } from 'pino';
import { maskSecrets } from './mask.ts';
import { cleanText } from './render/text.ts';

export interface LoggerOptions {
  readonly level: string;
  /** Lines for people, else one JSON object a line. */
  readonly pretty: boolean;
  readonly colour: boolean;
  /** Takes whole lines, with their line break: standard error. */
  readonly write: (line: string) => void;
}

/** Values of fields that hold credentials by their name, whatever they look like. The text is JSON. */
const secretField =
  /"((?:proxy-)?authorization|token|access_?token|api_?key|password|secret|cookie|set-cookie)":"(?:[^"\\]|\\.)*"/gi;

/**
 * The one logger. Every line passes through `redact` as text, after serialisation: a secret that came in a message, a
 * header list or the cause of an error is masked like one in a field.
 */
export const createLogger = ({ level, pretty, colour, write }: LoggerOptions): Logger =>
  pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    {
      write: (line: string) => {
        const clean = redact(line);
        write(pretty ? toPrettyLine(clean, colour) : clean);
      },
    },
  );

export const redact = (line: string): string => maskSecrets(line.replace(secretField, '"$1":"***"'));

const levelStyles: Readonly<Record<string, Parameters<typeof styleText>[0]>> = {
  trace: 'gray',
  debug: 'gray',
  info: 'green',
  warn: 'yellow',
  error: 'red',
  fatal: ['bold', 'red'],
};

/** `14:03:20.123 INFO  ingest caught up org=acme events=120`: time and level first, the component, then the rest. */
const toPrettyLine = (line: string, colour: boolean): string => {
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return line;
  }
  const { time, level, component, msg, err, ...rest } = entry;
  const style = (format: Parameters<typeof styleText>[0], text: string) =>
    colour ? styleText(format, text, { validateStream: false }) : text;
  const fields = Object.entries(rest).map(([key, value]) => `${style('gray', `${cleanText(key)}=`)}${toValue(value)}`);
  const parts = [
    style('gray', String(time).slice(11, 23)),
    style(levelStyles[String(level)] ?? 'white', String(level).toUpperCase().padEnd(5)),
    ...(component === undefined ? [] : [style('cyan', cleanText(String(component)))]),
    ...(msg === undefined ? [] : [cleanText(String(msg))]),
    ...fields,
  ];
  return `${parts.join(' ')}\n${toStack(err)}`;
};

const toValue = (value: unknown): string => {
  const text = cleanText(typeof value === 'string' ? value : JSON.stringify(value));
  return typeof value === 'string' && /[\s="]/.test(text) ? JSON.stringify(text) : text;
};

const toStack = (error: unknown): string => {
  if (error === null || typeof error !== 'object') return '';
  const { stack, message } = error as { stack?: unknown; message?: unknown };
  const text = typeof stack === 'string' ? stack : String(message ?? '');
  return text === ''
    ? ''
    : `${text
        .split('\n')
        .map((line) => `    ${cleanText(line)}`)
        .join('\n')}\n`;
};
