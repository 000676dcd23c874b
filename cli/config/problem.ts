import type { z } from 'zod';
import { suggest } from './did-you-mean.ts';
import { fieldAt, type JsonSchema } from './json-schema.ts';

/** One thing that is wrong with the configuration, where, and what to do about it. None of the texts holds a secret. */
export interface Problem {
  /** `orgs[0].base_url`, the name of an environment variable, or the name of a file. */
  readonly path: string;
  readonly problem: string;
  readonly hint: string;
}

/** `['orgs', 0, 'base_url']` as `orgs[0].base_url`. */
export const toPath = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? String(part) : `${text}.${String(part)}`;
  }, '');

const kinds: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a group of settings',
  record: 'a group of settings',
  array: 'a list',
  undefined: 'missing',
  null: 'empty',
};

const kindOf = (value: unknown): string => {
  const kind = Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value;
  return kinds[kind] ?? kind;
};

const valueAt = (root: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (value, part) =>
      value !== null && typeof value === 'object' ? (value as Record<PropertyKey, unknown>)[part] : undefined,
    root,
  );

const list = (values: readonly unknown[]): string => values.map(String).join(', ');

const describeIssue = (issue: z.core.$ZodIssue, value: unknown): string => {
  if (value === undefined && issue.code !== 'custom') return 'is missing';
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected === 'int' && typeof value === 'number'
        ? 'must be a whole number'
        : `must be ${kinds[issue.expected] ?? issue.expected}, but is ${kindOf(value)}`;
    case 'invalid_value':
      return `must be one of ${list(issue.values)}`;
    case 'too_small':
      if (issue.origin === 'string' || issue.origin === 'array') return 'must not be empty';
      return `must be ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}`;
    case 'too_big':
      return `must be ${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}`;
    case 'invalid_union':
      return `must be ${[...new Set(issue.errors.flat().map((inner) => describeIssue(inner, value).replace(/^must be (?:one of )?/, '')))].join(', or ')}`;
    case 'invalid_format':
      return issue.format === 'regex' ? 'has characters that are not allowed here' : `is not a valid ${issue.format}`;
    default:
      return issue.message.toLowerCase();
  }
};

const sentence = (text: string): string => (/[.?!]$/.test(text) ? text : `${text}.`);

const hintFor = (issue: z.core.$ZodIssue, value: unknown, schema: JsonSchema): string => {
  const [place, around] = [issue.path, issue.path.slice(0, -1)].map((path) => fieldAt(schema, path));
  // What an item of a list has to be is said of the list.
  const field = typeof issue.path.at(-1) === 'number' && place?.description === undefined ? around : place;
  const choices =
    issue.code === 'invalid_value' && typeof value === 'string' ? suggest(value, issue.values.map(String)) : undefined;
  const fallback =
    field?.default === undefined || typeof field.default === 'object'
      ? undefined
      : `Without this line it is ${String(field.default)}.`;
  return (
    [choices, field?.description === undefined ? undefined : sentence(field.description), fallback]
      .filter((part) => part !== undefined)
      .join(' ') || 'See docs/reference/configuration.md.'
  );
};

/**
 * A problem in the operator's words. `section` is where `root` stands in the file. The value itself is not quoted: it
 * may be a secret in the wrong place.
 */
export const toProblem = (issue: z.core.$ZodIssue, root: unknown, schema: JsonSchema, section?: string): Problem => {
  const value = valueAt(root, issue.path);
  const path = toPath(section === undefined ? issue.path : [section, ...issue.path]);
  if (issue.code === 'custom')
    return { path, problem: sentence(`${path}: ${issue.message}`), hint: hintFor(issue, value, schema) };
  return { path, problem: `${path} ${sentence(describeIssue(issue, value))}`, hint: hintFor(issue, value, schema) };
};
