import type { Group } from '../indicator.ts';

type Entry = Group[number];

const precedes = (a: Entry, b: Entry): boolean => a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);

/**
 * The group with one more event, in order of (published, uuid), or undefined when it is in already: adding twice
 * changes nothing, so no other record of what was seen is needed. Mostly the new event is the last.
 */
export const insertEvent = (group: Group | undefined, entry: Entry): Group | undefined => {
  if (group === undefined) return [entry];
  let position = group.length;
  while (position > 0) {
    const before = group[position - 1] as Entry;
    if (before[0] === entry[0] && before[1] === entry[1]) return undefined;
    if (precedes(before, entry)) break;
    position -= 1;
  }
  return position === group.length ? [...group, entry] : group.toSpliced(position, 0, entry);
};
