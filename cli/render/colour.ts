import { styleText } from 'node:util';

export type Style = Parameters<typeof styleText>[0];

/** Whether a stream is to get colours: a terminal, unless NO_COLOR is set to anything. */
export const wantsColour = (
  stream: { readonly isTTY?: boolean | undefined },
  environment: Readonly<Record<string, string | undefined>>,
): boolean => {
  const refused = environment['NO_COLOR'] !== undefined && environment['NO_COLOR'] !== '';
  return stream.isTTY === true && !refused && environment['TERM'] !== 'dumb';
};

/** Styles a text, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string;

export const createPaint =
  (colour: boolean): Paint =>
  (style, text) =>
    colour ? styleText(style, text, { validateStream: false }) : text;

export const levels = ['green', 'amber', 'red', 'unknown'] as const;
export type Level = (typeof levels)[number];

export const levelStyles: Readonly<Record<Level, Style>> = {
  green: 'green',
  amber: 'yellow',
  red: ['bold', 'red'],
  unknown: 'gray',
};
