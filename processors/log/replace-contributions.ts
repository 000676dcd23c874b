import type { Contribution } from '../indicator.ts';

const isSame = (a: Contribution, b: Contribution): boolean =>
  a.from === b.from &&
  a.to === b.to &&
  a.evidence === b.evidence &&
  a.length === b.length &&
  a.counters.length === b.counters.length &&
  a.counters.every((counter, index) => counter === b.counters[index]);

const identityOf = (contribution: Contribution): string =>
  `${contribution.from}|${contribution.to}|${contribution.counters.join()}|${contribution.evidence}|${contribution.length}`;

/**
 * Removes what a group no longer adds and adds what it did not, each as often as it is there: two short sessions may add
 * the same to the same minutes. Mostly an event came at the end, so first what is alike at both ends is left alone.
 */
export const replaceContributions = (
  before: readonly Contribution[],
  after: readonly Contribution[],
  change: { add(contribution: Contribution): void; remove(contribution: Contribution): void },
): void => {
  let from = 0;
  let oldEnd = before.length;
  let newEnd = after.length;
  const same = (old: number, fresh: number): boolean =>
    isSame(before[old] as Contribution, after[fresh] as Contribution);
  while (from < oldEnd && from < newEnd && same(from, from)) from += 1;
  while (from < oldEnd && from < newEnd && same(oldEnd - 1, newEnd - 1)) {
    oldEnd -= 1;
    newEnd -= 1;
  }
  if (from === oldEnd) {
    for (; from < newEnd; from += 1) change.add(after[from] as Contribution);
    return;
  }
  const gone = new Map<string, Contribution[]>();
  for (const contribution of before.slice(from, oldEnd)) {
    const identity = identityOf(contribution);
    const alike = gone.get(identity);
    if (alike === undefined) gone.set(identity, [contribution]);
    else alike.push(contribution);
  }
  for (const contribution of after.slice(from, newEnd)) {
    if (gone.size === 0 || gone.get(identityOf(contribution))?.pop() === undefined) change.add(contribution);
  }
  for (const alike of gone.values()) for (const contribution of alike) change.remove(contribution);
};
