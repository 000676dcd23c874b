import { type JsonSchema, optionsOf } from './json-schema.ts';

/** One setting, for `kriver init` and the reference page. */
export interface Field {
  readonly path: readonly string[];
  readonly description: string;
  /** `whole number, at least 0`, `draxis | corrected`, `group`. */
  readonly type: string;
  /** Undefined: it has to be given, or is optional without a default. */
  readonly fallback: unknown;
  readonly required: boolean;
  /** A group or list of groups has fields of its own, which follow it. */
  readonly group: 'group' | 'list' | undefined;
}

const range = ({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: JsonSchema): string =>
  [
    minimum !== undefined && minimum > Number.MIN_SAFE_INTEGER ? `, at least ${minimum}` : '',
    exclusiveMinimum === undefined ? '' : `, above ${exclusiveMinimum}`,
    maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER ? `, at most ${maximum}` : '',
    exclusiveMaximum === undefined ? '' : `, below ${exclusiveMaximum}`,
  ].join('');

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'whole number',
  number: 'number',
  boolean: 'true | false',
};

const typeOf = (schema: JsonSchema): string => {
  if (schema.const !== undefined) return String(schema.const);
  if (schema.enum !== undefined) return schema.enum.join(' | ');
  const options = optionsOf(schema);
  if (options.length > 0) return [...new Set(options.map(typeOf))].join(' | ');
  if (schema.type === 'array') return `list of: ${typeOf(schema.items ?? {})}`;
  if (schema.type === 'object' && schema.properties === undefined)
    return `by name: ${typeof schema.additionalProperties === 'object' ? typeOf(schema.additionalProperties) : 'anything'}`;
  if (schema.type === 'object') return 'group';
  return `${typeNames[schema.type ?? ''] ?? 'anything'}${range(schema)}`;
};

/** Every setting, depth first, in the order of its declaration. */
export const describeFields = (schema: JsonSchema, path: readonly string[] = [], fallbacks: unknown = {}): Field[] =>
  Object.entries(propertiesOf(schema)).flatMap(([name, child]) => {
    const here = [...path, name];
    const inner = child.type === 'array' && child.items !== undefined ? child.items : child;
    const fallback = child.default ?? (fallbacks as Record<string, unknown>)[name];
    const nested = describeFields(inner, here, isObject(fallback) ? fallback : {});
    const group = nested.length === 0 ? undefined : child.type === 'array' ? 'list' : 'group';
    return [
      {
        path: here,
        description: child.description ?? '',
        type: group === 'list' ? 'list of groups' : typeOf(child),
        fallback,
        required: (schema.required ?? []).includes(name),
        group,
      } satisfies Field,
      ...nested,
    ];
  });

const isObject = (value: unknown): boolean => value !== null && typeof value === 'object' && !Array.isArray(value);

/** The fields of a group; of one with several forms, each field once. */
const propertiesOf = (schema: JsonSchema): Record<string, JsonSchema> =>
  Object.assign(
    {},
    ...[...optionsOf(schema)].reverse().map((option) => option.properties ?? {}),
    schema.properties ?? {},
  );
