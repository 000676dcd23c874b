import { z } from 'zod';

/** What is used of the JSON Schema that zod derives from a component's settings. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly propertyNames?: JsonSchema;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
}

/** The one declaration of the settings, as data: problems, `kriver init` and the reference page all read it. */
export const toConfigSchema = (schema: z.ZodType): JsonSchema =>
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;

export const optionsOf = (schema: JsonSchema): readonly JsonSchema[] => schema.anyOf ?? schema.oneOf ?? [];

/** The keys that a group of settings knows; undefined where any key may stand. With several forms, those of each. */
export const keysOf = (schema: JsonSchema): readonly string[] | undefined => {
  const forms = [schema, ...optionsOf(schema)];
  if (forms.some((form) => form.propertyNames !== undefined && form.propertyNames.enum === undefined)) return undefined;
  const keys = forms.flatMap((form) => [
    ...Object.keys(form.properties ?? {}),
    ...(form.propertyNames?.enum ?? []).map(String),
  ]);
  return keys.length === 0 ? undefined : [...new Set(keys)];
};

/** The declaration of what stands at one key or index of a value, over all forms that it may take. */
export const childOf = (schema: JsonSchema, part: PropertyKey): JsonSchema | undefined => {
  for (const form of [schema, ...optionsOf(schema)]) {
    if (typeof part === 'number') {
      if (form.items !== undefined) return form.items;
      continue;
    }
    const property = form.properties?.[String(part)];
    if (property !== undefined) return property;
    if (typeof form.additionalProperties === 'object') return form.additionalProperties;
  }
  return undefined;
};

export const fieldAt = (schema: JsonSchema, path: readonly PropertyKey[]): JsonSchema | undefined =>
  path.reduce<JsonSchema | undefined>(
    (field, part) => (field === undefined ? undefined : childOf(field, part)),
    schema,
  );
