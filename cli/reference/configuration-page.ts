import { describeFields, type Field } from '../config/describe-fields.ts';
import { environmentVariables } from '../config/environment.ts';
import { toConfigSchema } from '../config/json-schema.ts';
import { settingsSchema } from '../config/settings.ts';
import { generatedNote, printMarkdownTable } from './markdown.ts';

const pathOf = ({ path }: Field): string => `\`${path.join('.').replace(/^orgs\./, 'orgs[].')}\``;

const fallbackOf = ({ fallback, required, group }: Field): string => {
  if (group !== undefined) return '';
  if (fallback === undefined) return required ? '**required**' : '';
  return `\`${typeof fallback === 'string' ? fallback : JSON.stringify(fallback).replaceAll(',', ', ')}\``;
};

const row = (field: Field): string[] => [
  pathOf(field),
  field.description,
  field.group === undefined ? field.type : '',
  fallbackOf(field),
];

/** docs/reference/configuration.md, from the same declarations that read the file. */
export const printConfigurationPage = (): string => {
  const fields = describeFields(toConfigSchema(settingsSchema));
  const ofOrg = fields.filter(({ path }) => path[0] === 'orgs');
  const others = fields.filter(({ path }) => path[0] !== 'orgs');
  const titles = ['setting', 'meaning', 'type', 'default'];
  return `${[
    generatedNote,
    '# Configuration',
    'Kriver reads `kriver.yaml` in the working directory, or the file named by `--config` or `KRIVER_CONFIG`, and the environment. `kriver init` writes a file with every setting. For one org the environment alone is enough: `KRIVER_OKTA_BASE_URL` and `KRIVER_OKTA_TOKEN`.',
    'What is wrong is reported all at once, each with its path and what to do, and ends the command with exit code 78. A setting that is not known is an error, not ignored. Tokens are never written in the file; it names where they are read from.',
    '## Orgs',
    '`orgs` is a list, or a single org.',
    printMarkdownTable(titles, ofOrg.map(row)),
    '## Everything else',
    printMarkdownTable(titles, others.map(row)),
    '## Environment variables',
    'They come before the file. With several orgs in the file, `KRIVER_ORG` says which one they speak of.',
    printMarkdownTable(
      ['variable', 'meaning'],
      environmentVariables.map(({ name, description }) => [`\`${name}\``, description]),
    ),
  ].join('\n\n')}\n`;
};
