import { z } from 'zod';

/**
 * `accepted`: recorded. `unknown-slug`: the tenant has not wired this KRI, which Draxis counts as a skipped row and not
 * as an error. `refused`: anything else that Draxis says no to, with what it said.
 */
export interface PushOutcome {
  readonly outcome: 'accepted' | 'unknown-slug' | 'refused';
  readonly text: string;
}

const longestText = 300;

const resultSchema = z.looseObject({
  isError: z.boolean().optional(),
  content: z.array(z.looseObject({ type: z.string(), text: z.string().optional() })).default([]),
  structuredContent: z.unknown().optional(),
});

const rowsSchema = z.looseObject({ rowsWritten: z.number(), rowsSkipped: z.number() });

/** Text from outside, fit for a log line or a page: one line, no control characters, at most 300 characters. */
export const toPlainText = (text: string): string => {
  const line = text.replaceAll(/[\p{C}\s]+/gu, ' ').trim();
  return line.length <= longestText ? line : `${line.slice(0, longestText - 1)}…`;
};

const namesKri = /\b(?:kri|slug)s?\b/i;
const saysUnknown =
  /\b(?:not (?:been )?(?:wired|mapped|configured|found|known)|isn't wired|unknown|unwired|no (?:such|matching)|no kri\b|(?:does not|doesn't) exist|unrecogni[sz]ed)/i;

const isUnknownSlug = (text: string): boolean => {
  const words = text.replaceAll('_', ' ');
  return namesKri.test(words) && saysUnknown.test(words);
};

/**
 * What an error that is no tool result (a JSON-RPC error, an HTTP 4xx) means for the KRI. `clean` makes its text fit to
 * show; it comes in from the client, which knows what must not be shown.
 */
export const toRefusal = (text: string, clean = toPlainText): PushOutcome => ({
  outcome: isUnknownSlug(text) ? 'unknown-slug' : 'refused',
  text: clean(text),
});

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/**
 * What the result of a push_kri_value call says. Tools report their errors as results with `isError`; a slug that is
 * not wired may also come as a success that wrote no row.
 */
export const toOutcome = (result: unknown, clean = toPlainText): PushOutcome => {
  const parsed = resultSchema.safeParse(result);
  if (!parsed.success) return { outcome: 'refused', text: 'The answer is no result of a tool call.' };
  const { isError, content, structuredContent } = parsed.data;
  const text = content.flatMap((block) => block.text ?? []).join(' ');
  if (isError) return toRefusal(text, clean);
  const rows = rowsSchema.safeParse(structuredContent ?? parseJson(text));
  const skipped = rows.success && rows.data.rowsWritten === 0 && rows.data.rowsSkipped > 0;
  return { outcome: skipped ? 'unknown-slug' : 'accepted', text: clean(text) };
};
