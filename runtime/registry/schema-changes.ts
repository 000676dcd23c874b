type Schema = Readonly<Record<string, unknown>>;

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const toSchema = (value: unknown): Schema => (isSchema(value) ? value : {});
const toList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
const toText = (value: unknown): string => (value === undefined ? 'anything' : JSON.stringify(value));

/** What the walk below follows, and what says nothing about values. */
const followed = new Set(['properties', 'required', 'anyOf', 'oneOf', 'items', 'additionalProperties', 'enum']);
const silent = new Set(['$schema', 'title', 'description']);

const branchesOf = (schema: Schema): readonly Schema[] => toList(schema['anyOf'] ?? schema['oneOf']).map(toSchema);

/** What one alternative of a union is called: its kind, where it has one, so that the order of alternatives is free. */
const nameOf = (branch: Schema): string => {
  const kind = toSchema(toSchema(branch['properties'])['kind'])['const'];
  if (typeof kind === 'string') return kind;
  return branch['type'] === 'object' ? 'record' : String(branch['type']);
};

const changedProperties = (path: string, before: Schema, after: Schema): readonly string[] => {
  const [old, now] = [toSchema(before['properties']), toSchema(after['properties'])];
  const [wasRequired, isRequired] = [toList(before['required']), toList(after['required'])];
  return Object.keys(old).flatMap((name) => {
    const place = path === '' ? name : `${path}.${name}`;
    if (!Object.hasOwn(now, name))
      return [`${place}${wasRequired.includes(name) ? ', which is required,' : ''} is gone`];
    return [
      ...(wasRequired.includes(name) && !isRequired.includes(name) ? [`${place} is no longer required`] : []),
      ...changes(place, toSchema(old[name]), toSchema(now[name])),
    ];
  });
};

const changedBranches = (path: string, before: Schema, after: Schema): readonly string[] => {
  const old = new Map(branchesOf(before).map((branch) => [nameOf(branch), branch]));
  if (old.size === 0) return [];
  return branchesOf(after).flatMap((branch) => {
    const name = nameOf(branch);
    const place = path === '' ? name : path;
    const match = old.get(name);
    return match === undefined ? [`${place} is a new alternative`] : changes(place, match, branch);
  });
};

const changedValues = (place: string, before: Schema, after: Schema): readonly string[] => {
  if (before['enum'] === undefined) return [];
  if (after['enum'] === undefined) return [`${place} may be any value`];
  const old = toList(before['enum']);
  const added = toList(after['enum']).filter((value) => !old.includes(value));
  return added.map((value) => `${place} may also be ${toText(value)}`);
};

const changes = (path: string, before: Schema, after: Schema): readonly string[] => {
  const place = path === '' ? 'the value' : path;
  const nested = (key: string, suffix: string) =>
    isSchema(before[key]) && isSchema(after[key]) ? changes(`${path}${suffix}`, before[key], after[key]) : [];
  return [
    ...changedProperties(path, before, after),
    ...changedBranches(path, before, after),
    ...nested('items', '[]'),
    ...nested('additionalProperties', '.*'),
    ...changedValues(place, before, after),
    ...[...new Set([...Object.keys(before), ...Object.keys(after)])]
      .filter((key) => !followed.has(key) && !silent.has(key) && !isSame(before[key], after[key]))
      .map((key) => `${key} of ${place} was ${toText(before[key])} and is ${toText(after[key])}`),
  ];
};

/**
 * In words for the operator, what readers that know `before` may stumble over in values of `after`: what is gone, is no
 * longer required, or is of another type. What was added to open objects is left out. Explains the registry's refusal, and
 * does not take its place: the registry decides.
 */
export const schemaChanges = (before: string, after: string): readonly string[] =>
  changes('', toSchema(JSON.parse(before)), toSchema(JSON.parse(after)));
