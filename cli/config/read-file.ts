import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import type { Problem } from './problem.ts';

export type FileResult =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** What a file of settings holds. An empty one holds nothing, which is not an error: the environment may say it all. */
export const readSettingsFile = (file: string): FileResult => {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return {
      ok: false,
      problems: [
        {
          path: file,
          problem: missing
            ? 'There is no such file.'
            : `The file cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'}).`,
          hint: missing
            ? 'Check --config or KRIVER_CONFIG, or write a new file with `kriver init`.'
            : 'Check that it is a file and that this user may read it.',
        },
      ],
    };
  }
  return parseSettings(text, file);
};

/** The message of a YAML error quotes the source, where a token may stand: only its kind and its place are passed on. */
const parseSettings = (text: string, file: string): FileResult => {
  const document = parseDocument(text, { prettyErrors: true, uniqueKeys: true });
  if (document.errors.length > 0)
    return {
      ok: false,
      problems: document.errors.map((error) => ({
        path: `${file}:${error.linePos?.[0].line ?? 1}`,
        problem: `This is not valid YAML (${error.code.toLowerCase().replaceAll('_', ' ')}, column ${error.linePos?.[0].col ?? 1}).`,
        hint: 'Check indentation (spaces, not tabs), quotes and colons in this line and the one before.',
      })),
    };
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch {
    return {
      ok: false,
      problems: [
        { path: file, problem: 'The file uses YAML aliases that do not resolve.', hint: 'Write the values out.' },
      ],
    };
  }
  if (value === null || value === undefined) return { ok: true, value: {} };
  if (typeof value !== 'object' || Array.isArray(value))
    return {
      ok: false,
      problems: [{ path: file, problem: 'The file must hold settings by name.', hint: 'Start from `kriver init`.' }],
    };
  return { ok: true, value };
};
