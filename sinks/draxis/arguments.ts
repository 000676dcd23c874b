import { z } from 'zod';
import { AppError } from '../../runtime/errors.ts';
import { type DraxisSettings, type PushField, pushFields } from './settings.ts';

export const pushTool = 'push_kri_value';

/** One value to record, in our terms. `asOf` is ISO 8601, the T of the reading. */
export interface Push {
  readonly slug: string;
  readonly value: number;
  readonly asOf: string;
  readonly note: string;
}

/**
 * Names under which the tool may take a field, the likeliest first. Case, `_` and `-` do not count. The arguments of
 * push_kri_value are not published in full: the tool describes them itself, and these are the names known so far.
 */
const synonyms: Record<PushField, readonly string[]> = {
  slug: ['slug', 'kri_slug', 'kri', 'key', 'kri_key'],
  value: ['value', 'kri_value', 'number'],
  timestamp: ['timestamp', 'recorded_at', 'as_of', 'observed_at', 'last_updated'],
  note: ['note', 'notes', 'comment'],
};

const inputSchema = z.looseObject({
  properties: z.record(z.string(), z.unknown()).default({}),
  required: z.array(z.string()).default([]),
});

const plain = (name: string): string => name.toLowerCase().replaceAll(/[_-]/g, '');

/** The JSON types that a property allows; empty when its schema does not say. */
const typesOf = (schema: unknown): string[] => {
  if (typeof schema !== 'object' || schema === null) return [];
  const { type, anyOf, oneOf } = schema as { type?: unknown; anyOf?: unknown; oneOf?: unknown };
  const variants = [anyOf, oneOf].flatMap((list) => (Array.isArray(list) ? list : []));
  return [type]
    .flat()
    .filter((name) => typeof name === 'string')
    .concat(variants.flatMap(typesOf));
};

const isNumeric = (types: readonly string[]): boolean => types.includes('number') || types.includes('integer');

/** A numeric time is in milliseconds, unless name or description speak of seconds or of Unix time. */
const isInSeconds = (name: string, schema: unknown): boolean => {
  const text = `${name} ${(schema as { description?: unknown } | null)?.description ?? ''}`.toLowerCase();
  return /seconds?\b|unix|epoch_s\b/.test(text) && !/milli|\bms\b|_ms\b/.test(text);
};

const incompatible = (message: string, hint: string): AppError =>
  new AppError('draxis-incompatible', message, { hint });

const toArgument = (field: PushField, push: Push, name: string, schema: unknown): string | number => {
  const types = typesOf(schema);
  if (field === 'value') return types.includes('string') && !isNumeric(types) ? String(push.value) : push.value;
  if (field !== 'timestamp') return push[field];
  if (types.includes('string') || !isNumeric(types)) return push.asOf;
  const timeMs = Date.parse(push.asOf);
  return isInSeconds(name, schema) ? Math.floor(timeMs / 1_000) : timeMs;
};

/**
 * How to call the tool: which of its properties carries which field, by the tool's own input schema, the names that
 * the configuration gives, and the table of synonyms. Slug and value must have a place; timestamp and note need not.
 * Throws `draxis-incompatible` that names the property and the configuration key.
 */
export const mapArguments = (
  schema: unknown,
  settings: Pick<DraxisSettings, 'argument_names' | 'fixed_arguments'>,
): { names: ReadonlyMap<PushField, string>; toArguments: (push: Push) => Record<string, unknown> } => {
  const parsed = inputSchema.safeParse(schema);
  if (!parsed.success) throw incompatible(`The schema of ${pushTool} cannot be read.`, 'Check draxis.url.');
  const { properties, required } = parsed.data;
  const known = Object.keys(properties);
  const names = new Map<PushField, string>();
  for (const field of pushFields) {
    const chosen = settings.argument_names[field];
    if (chosen !== undefined && !known.includes(chosen)) {
      throw incompatible(
        `${pushTool} has no argument ${JSON.stringify(chosen)}, which draxis.argument_names.${field} names.`,
        `Set draxis.argument_names.${field} to one of: ${known.join(', ')}.`,
      );
    }
    const name =
      chosen ??
      synonyms[field].flatMap((synonym) => known.filter((candidate) => plain(candidate) === plain(synonym)))[0];
    if (name !== undefined) names.set(field, name);
  }

  const used = [...names.values(), ...Object.keys(settings.fixed_arguments)];
  const twice = used.find((name, index) => used.indexOf(name) !== index);
  if (twice !== undefined) {
    throw incompatible(
      `Two fields would go into the argument ${JSON.stringify(twice)} of ${pushTool}.`,
      'Give each its own name in draxis.argument_names, and take it out of draxis.fixed_arguments.',
    );
  }
  const unfilled = required.find((name) => !used.includes(name));
  if (unfilled !== undefined) {
    throw incompatible(
      `${pushTool} requires the argument ${JSON.stringify(unfilled)}, and nothing of ours is known to belong there.`,
      `Set draxis.argument_names.slug, .value, .timestamp or .note to ${JSON.stringify(unfilled)}, whichever it means, or give it a constant in draxis.fixed_arguments.`,
    );
  }
  for (const field of ['slug', 'value'] as const) {
    if (names.has(field)) continue;
    throw incompatible(
      `${pushTool} has no argument that is known to carry the ${field}.`,
      `Set draxis.argument_names.${field} to one of: ${known.join(', ')}.`,
    );
  }

  const toArguments = (push: Push): Record<string, unknown> => {
    const filled: Record<string, unknown> = { ...settings.fixed_arguments };
    for (const [field, name] of names) filled[name] = toArgument(field, push, name, properties[name]);
    return filled;
  };
  return { names, toArguments };
};
