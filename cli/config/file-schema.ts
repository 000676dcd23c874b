import { z } from 'zod';
import { credentialsSchema } from './credentials.ts';

/**
 * Components declare what they need as values: a secret, the text of a certificate. In kriver.yaml neither stands as such:
 * a secret is named by where it is read from, and `ca` is the name of a file under `ca_file`. This page knows the one rule.
 */
const pemNames: readonly string[] = ['ca', 'certificate', 'key'];

/** How a setting of a component stands in the file. */
export type Form = 'value' | 'group' | 'secret' | 'pem';

/** The declaration itself, without what says that it may be left out. */
export const coreOf = (field: z.ZodType): z.ZodType =>
  field instanceof z.ZodOptional || field instanceof z.ZodDefault || field instanceof z.ZodPrefault
    ? coreOf(field.unwrap() as z.ZodType)
    : field;

/** `z.instanceof(Secret)` is the only custom declaration that settings have. */
export const isSecret = (field: z.ZodType): boolean => coreOf(field) instanceof z.ZodCustom;

export const formOf = (name: string, field: z.ZodType): Form => {
  if (pemNames.includes(name)) return 'pem';
  if (isSecret(field)) return 'secret';
  return coreOf(field) instanceof z.ZodObject ? 'group' : 'value';
};

export const fileKeyOf = (name: string): string => `${name}_file`;

const descriptionOf = (field: z.ZodType): string => field.description ?? coreOf(field).description ?? '';

/** The same declaration with another core: what may be left out still may. */
const withCore = (field: z.ZodType, core: z.ZodType): z.ZodType => {
  if (field instanceof z.ZodOptional) return withCore(field.unwrap() as z.ZodType, core).optional();
  if (field instanceof z.ZodPrefault)
    return withCore(field.unwrap() as z.ZodType, core).prefault(field.def.defaultValue);
  return core;
};

const toFileField = (name: string, field: z.ZodType): readonly [string, z.ZodType] => {
  const description = descriptionOf(field);
  switch (formOf(name, field)) {
    case 'pem':
      return [
        fileKeyOf(name),
        withCore(field, z.string().min(1)).describe(
          description.replace(/^PEM text of/, 'A PEM file with').replace('PEM text of', 'a PEM file with'),
        ),
      ];
    case 'secret':
      return [
        name,
        withCore(field, credentialsSchema).describe(description.replace(', a secret.', ': where it is read from.')),
      ];
    case 'group':
      return [name, withCore(field, toFileSchema(coreOf(field) as z.ZodObject)).describe(description)];
    default:
      return [name, field];
  }
};

/** The settings of a component as they stand in the file. What it refuses as a whole is checked when they are resolved. */
export const toFileSchema = (schema: z.ZodObject): z.ZodObject =>
  z
    .object(
      Object.fromEntries(Object.entries(schema.shape).map(([name, field]) => toFileField(name, field as z.ZodType))),
    )
    .describe(schema.description ?? '');
