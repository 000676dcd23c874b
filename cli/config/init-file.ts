import { stringify } from 'yaml';
import { describeFields, type Field } from './describe-fields.ts';
import { toConfigSchema } from './json-schema.ts';
import { settingsSchema } from './settings.ts';

const commentWidth = 100;

/** Breaks a text into lines of at most `width` characters at its spaces. */
const wrap = (text: string, width: number): string[] => {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
};

const exampleOf = (field: Field): unknown => {
  if (field.fallback !== undefined) return field.fallback;
  if (field.type.startsWith('by name')) return {};
  if (field.type.startsWith('list of')) return [];
  return field.type.includes(' | ') ? field.type.split(' | ')[0] : '';
};

/** `key: value` on one line, as YAML. */
const toLine = (key: string, value: unknown): string =>
  stringify({ [key]: value }, { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: false })
    .trim()
    .replace(/^\{(.*)\}$/s, '$1');

/**
 * A kriver.yaml with every setting, its meaning and its default. Only what has to be said is set; all else is
 * commented out, so that a default that gets better later gets better here too.
 */
export const printInitFile = (options: {
  readonly org: string | undefined;
  readonly baseUrl: string | undefined;
}): string => {
  const lines = [
    '# Settings of Kriver. A line that is commented out shows the default.',
    '# Tokens never stand in this file: it names where they are read from.',
    '# All settings are described in docs/reference/configuration.md.',
    '',
  ];
  for (const field of describeFields(toConfigSchema(settingsSchema))) {
    const name = field.path.at(-1) ?? '';
    const isFirstOfList = field.path.length === 2 && field.path[0] === 'orgs' && name === 'name';
    const indent = '  '.repeat(field.path.length - 1 + (field.path[0] === 'orgs' && field.path.length > 1 ? 1 : 0));
    const given: Record<string, string | undefined> = {
      'orgs.name': options.org,
      'orgs.base_url': options.baseUrl ?? 'https://acme.okta.com',
    };
    const value = given[field.path.join('.')];
    if (field.path.length === 1 && lines.at(-1) !== '') lines.push('');
    const choices = field.type.includes(' | ') && !/^(?:true|list|by name)/.test(field.type) ? ` (${field.type})` : '';
    const description = `${field.description}${choices}`.trim();
    if (isFirstOfList) lines.push('  -');
    if (description !== '')
      lines.push(...wrap(description, commentWidth - indent.length).map((line) => `${indent}# ${line}`));
    if (value !== undefined) lines.push(`${indent}${toLine(name, value)}`);
    else if (field.path.join('.') === 'orgs') lines.push('orgs:');
    else if (field.group !== undefined) lines.push(`${indent}#${name}:`);
    else lines.push(`${indent}#${toLine(name, exampleOf(field))}`);
  }
  return `${lines.join('\n')}\n`;
};
