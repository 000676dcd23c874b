/** `attribute eq "value"` terms joined by `or`: the part of SCIM that the simulator speaks. undefined: not that. */
export const parseEqualities = (filter: string): { attribute: string; value: string }[] | undefined => {
  const terms = filter.trim().split(/\s+or\s+/i);
  const parsed = terms.map((term) => /^\(?\s*([\w.]+)\s+eq\s+"([^"]*)"\s*\)?$/.exec(term));
  const equalities: { attribute: string; value: string }[] = [];
  for (const match of parsed) {
    if (match?.[1] === undefined || match[2] === undefined) return undefined;
    equalities.push({ attribute: match[1], value: match[2] });
  }
  return equalities;
};

/** A page size from the query, or the fault that it is none. */
export const parseLimit = (text: string | null, byDefault: number, most: number): number | undefined => {
  if (text === null) return byDefault;
  if (!/^\d+$/.test(text)) return undefined;
  return Number(text) > most ? undefined : Number(text);
};

/** The request's own query with some parameters set and some removed: what a `next` link consists of. */
export const withQuery = (
  path: string,
  query: URLSearchParams,
  set: Record<string, string>,
  remove: readonly string[] = [],
): string => {
  const next = new URLSearchParams(query);
  for (const name of remove) next.delete(name);
  for (const [name, value] of Object.entries(set)) next.set(name, value);
  return `${path}?${next.toString()}`;
};
